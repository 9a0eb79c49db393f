"""A list of serials as people make them: one a line, with whatever a spreadsheet adds."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pki.domain.errors import Malformed
from pki.domain.identifiers import SerialNumber

MOST: Final = 250_000
"""Serials in one list: their order stays below what a signed file may hold."""

_HEADINGS: Final = frozenset({"serial", "serialnumber", "serial_number", "serienummer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubled:
    """A line that names a serial which stands in an earlier line too."""

    line: int
    serial: SerialNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What was read: each serial once, sorted; lines (from 1) that say it again, or nothing."""

    serials: tuple[SerialNumber, ...]
    doubled: tuple[Doubled, ...]
    unreadable: tuple[int, ...]


def read_listing(text: str) -> Listing:
    """Read the first column of a CSV file; empty lines, ``#`` and one heading are passed over.

    Raises:
        Malformed: no serial at all, or more than `MOST`.
    """
    seen: set[SerialNumber] = set()
    doubled: list[Doubled] = []
    unreadable: list[int] = []
    for line, value in _values(text):
        try:
            serial = SerialNumber.parse(value)
        except Malformed:
            unreadable.append(line)
            continue
        if serial in seen:
            doubled.append(Doubled(line=line, serial=serial))
        seen.add(serial)
    if not seen or len(seen) > MOST:
        raise Malformed(
            what="list of serials",
            message=f"{len(seen)} serials are listed; a list has 1 to {MOST}",
            next_step="give a file with one serial in each line, hexadecimal or dec:<decimal>",
        )
    return Listing(
        serials=tuple(sorted(seen)), doubled=tuple(doubled), unreadable=tuple(unreadable)
    )


def _values(text: str) -> Iterator[tuple[int, str]]:
    headed = False
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        value = _first_column(bare)
        if not headed and value.lower().replace(" ", "") in _HEADINGS:
            headed = True
            continue
        headed = True
        yield number, value


def _first_column(line: str) -> str:
    separator = ";" if ";" in line else ","
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))[0].strip()
    except csv.Error:
        return ""
