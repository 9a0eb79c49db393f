"""A list of certificates as people make them: one a line, with whatever a spreadsheet adds."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from issuance.emergency.ports import Numbers
from pki.domain.errors import Malformed
from pki.domain.identifiers import CardNumber, MobielId, SerialNumber

MOST: Final = 250_000
"""Serials in one list: their order stays below what a signed file may hold."""

_HEADINGS: Final = frozenset({"serial", "serialnumber", "serial_number", "serienummer"})

_CARD: Final = "card:"
_TELEPHONE: Final = "mobiel:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubled:
    """A line that names a serial which stands in an earlier line too."""

    line: int
    serial: SerialNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line (from 1), what stands in it, and the certificate that this means, if any."""

    number: int
    said: str
    serial: SerialNumber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What was read: each serial once, sorted; lines that say it again, or mean nothing."""

    lines: tuple[Line, ...]
    serials: tuple[SerialNumber, ...]
    doubled: tuple[Doubled, ...]

    @property
    def unreadable(self) -> tuple[int, ...]:
        """Lines that hold neither a serial nor what has one."""
        return tuple(each.number for each in self.lines if each.serial is None)


def read_listing(text: str, known: Numbers) -> Listing:
    """Read the first column of a CSV file; empty lines, ``#`` and one heading are passed over.

    ``card:`` and a card's number stand for its certificate, ``mobiel:`` and the id of a ZORG-ID
    Mobiel for the one in the telephone now.

    Raises:
        Malformed: no serial at all, or more than `MOST`.
    """
    seen: set[SerialNumber] = set()
    doubled: list[Doubled] = []
    lines = tuple(
        Line(number=number, said=said, serial=_meant(said, known)) for number, said in _values(text)
    )
    for line in lines:
        if line.serial is None:
            continue
        if line.serial in seen:
            doubled.append(Doubled(line=line.number, serial=line.serial))
        seen.add(line.serial)
    if not seen or len(seen) > MOST:
        raise Malformed(
            what="list of serials",
            message=f"{len(lines)} lines name {len(seen)} certificates; a list has 1 to {MOST}",
            next_step="give a file with one in each line: a serial, hexadecimal or dec:<decimal>, "
            "card:<number> or mobiel:<id>",
        )
    return Listing(lines=lines, serials=tuple(sorted(seen)), doubled=tuple(doubled))


def _meant(said: str, known: Numbers) -> SerialNumber | None:
    """The certificate that is meant; None where the form is another, or nothing has it."""
    try:
        if said.startswith(_CARD):
            card = known.card_by_number(CardNumber(said.removeprefix(_CARD)))
            return None if card is None else card.serial
        if said.startswith(_TELEPHONE):
            identity = known.mobiel(MobielId(said.removeprefix(_TELEPHONE)))
            return None if identity is None else identity.serial
        return SerialNumber.parse(said)
    except Malformed:
        return None


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
