"""The transcript: hash-chained lines of canonical JSON, from the first word to the last signature.

A line's digest is SHA-256 over its canonical JSON without ``digest`` (`pki.domain.journal`:
names sorted, no white space); ``previous`` is the digest of the line before, 64 zeros for the
first. Private material never stands in it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pki.domain.errors import ChainBroken
from pki.domain.event_codec import encode_time
from pki.domain.journal import canonical_json

FIRST: Final = "0" * 64
WITNESS_CONTEXT: Final = b"ZORG-ID ceremony witness v1\0"
_MEMBERS: Final = {"n", "at", "kind", "data", "previous", "digest"}


class Kind:
    """What a line says."""

    BEGIN = "begin"
    RESUMED = "resumed"
    STOPPED = "stopped"
    REMARK = "remark"
    PRESENT = "present"
    CLOCK = "clock"
    CONFIRMED = "confirmed"
    INVENTORY = "inventory"
    REHEARSED = "rehearsed"
    UNLOCKED = "unlocked"
    INTENDED = "intended"
    ABANDONED = "abandoned"
    MADE = "made"
    DESTROYED = "destroyed"
    MEDIUM = "medium"
    PROVEN = "proven"
    DONE = "done"
    END = "end"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line, numbered from 1."""

    n: int
    at: str
    kind: str
    data: Mapping[str, Any]
    previous: str
    digest: str

    @property
    def octets(self) -> bytes:
        """The line as it stands in the file."""
        return canonical_json({**_body(self), "digest": self.digest}) + b"\n"


def following(lines: Sequence[Line], *, at: datetime, kind: str, data: Mapping[str, Any]) -> Line:
    """The line that comes after these."""
    line = Line(
        n=len(lines) + 1,
        at=encode_time(at),
        kind=kind,
        data=data,
        previous=lines[-1].digest if lines else FIRST,
        digest="",
    )
    return Line(
        n=line.n,
        at=line.at,
        kind=kind,
        data=data,
        previous=line.previous,
        digest=_digest(line),
    )


def read_lines(octets: bytes) -> tuple[Line, ...]:
    """Read a whole transcript and check its chain.

    Raises:
        ChainBroken: names the first line that was changed, removed, moved or cut off.
    """
    return tuple(_read(octets))


def whole_lines(octets: bytes) -> bytes:
    """Without a last line that was cut off while it was being written."""
    return octets[: octets.rfind(b"\n") + 1]


def witness_message(digest: str) -> bytes:
    """What a witness signs: the digest of the line ``end``."""
    return WITNESS_CONTEXT + bytes.fromhex(digest)


def _read(octets: bytes) -> Iterator[Line]:
    previous, number = FIRST, 0
    for number, text in enumerate(octets.split(b"\n")[:-1], 1):
        line = _parsed(number, text)
        if line.n != number:
            raise broken(number, f"is missing or moved: line {line.n} stands in its place")
        if line.previous != previous:
            raise broken(number, "does not follow the line before it")
        if _digest(line) != line.digest or line.octets != text + b"\n":
            raise broken(number, "was changed: its digest does not match")
        previous = line.digest
        yield line
    if not octets.endswith(b"\n"):
        raise broken(number + 1, "was cut off, or nothing is left of the transcript")


def _parsed(number: int, text: bytes) -> Line:
    try:
        table = json.loads(text)
    except ValueError:
        raise broken(number, "was changed: it is not JSON") from None
    if not isinstance(table, dict) or set(table) != _MEMBERS:
        raise broken(number, "was changed: its members are not those of a transcript")
    if not isinstance(table["data"], dict):
        raise broken(number, "was changed: its data is no object")
    return Line(**table)


def _body(line: Line) -> dict[str, object]:
    return {
        "n": line.n,
        "at": line.at,
        "kind": line.kind,
        "data": dict(line.data),
        "previous": line.previous,
    }


def _digest(line: Line) -> str:
    return hashlib.sha256(canonical_json(_body(line))).hexdigest()


def broken(number: int, why: str) -> ChainBroken:
    """A transcript that does not hold at this line."""
    return ChainBroken(
        position=number,
        message=f"transcript line {number} {why}",
        next_step="do not use what this ceremony made; compare with the copies of the witnesses",
    )
