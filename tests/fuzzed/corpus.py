"""The corpus of the fuzzers: what reached something new, one input a line, in base64."""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[1] / "corpus"


def read(target: str) -> list[bytes]:
    """What was kept for a target."""
    path = FOLDER / f"{target}.txt"
    lines = path.read_text("ascii").splitlines() if path.exists() else []
    return [base64.b64decode(line, validate=True) for line in lines]


def keep(target: str, inputs: Iterable[bytes]) -> int:
    """Replace what was kept; returns how many there are."""
    lines = sorted(base64.b64encode(each).decode() for each in set(inputs))
    (FOLDER / f"{target}.txt").write_text("".join(f"{line}\n" for line in lines), "ascii")
    return len(lines)


def unpack(inputs: Iterable[bytes], folder: Path) -> None:
    """One file for each input, as libFuzzer wants them."""
    for each in inputs:
        (folder / hashlib.sha256(each).hexdigest()).write_bytes(each)
