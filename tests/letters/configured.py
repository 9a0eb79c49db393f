"""The example configuration with a section [notices] of a test's own."""

import tomllib
from pathlib import Path
from typing import Any

from server.settings import Settings, check

EXAMPLE = Path(__file__).parents[2] / "config" / "zorgid.example.toml"


def configured(tmp_path: Path, notices: dict[str, Any]) -> Settings:
    """The example with this section in place of its own, and every file that it names there."""
    document = tomllib.loads(EXAMPLE.read_text("utf-8"))
    del document["uzi"]
    for text in _texts(document):
        if text.endswith((".pem", ".crl", "/passphrase", "cps.txt")):
            (tmp_path / text).parent.mkdir(exist_ok=True)
            (tmp_path / text).touch()
    document["notices"] = notices
    return check(document, directory=tmp_path)


def _texts(value: object) -> list[str]:
    match value:
        case dict():
            return [text for each in value.values() for text in _texts(each)]
        case list():
            return [text for each in value for text in _texts(each)]
        case str():
            return [value]
        case _:
            return []
