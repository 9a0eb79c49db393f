"""Exports as files of JSON lines, read back unbelieved."""

import json
from collections.abc import Iterator
from pathlib import Path

from pki.domain.errors import ChainBroken, ConfigurationInvalid, Malformed
from pki.domain.journal import RawEntry

_MADE_BY = "name a file made by: zorgid journal export"


def read_export(path: Path) -> Iterator[RawEntry]:
    """The entries of a file, in its order.

    Raises:
        ConfigurationInvalid: it cannot be read.
        Malformed: its first line is no entry.
        ChainBroken: a later one is none.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield _read_line(line, number)
    except OSError as error:
        raise ConfigurationInvalid(
            key="export",
            message=f"{path} cannot be read: {error.strerror}",
            next_step=_MADE_BY,
        ) from error


def _read_line(line: bytes, number: int) -> RawEntry:
    try:
        value = json.loads(line)
        if not isinstance(value["position"], int):
            raise TypeError
        return RawEntry(
            position=value["position"],
            at=value["at"],
            actor=value["actor"],
            ura=value["ura"],
            kind=value["kind"],
            payload=value["payload"],
            previous=bytes.fromhex(value["previous"]),
            digest=bytes.fromhex(value["digest"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        message = f"line {number} of the export is not a journal entry"
        if number == 1:
            raise Malformed(what="journal export", message=message, next_step=_MADE_BY) from None
        raise ChainBroken(
            position=number,
            message=message,
            next_step="make a new export; if the store's journal verifies, this file was damaged",
        ) from None
