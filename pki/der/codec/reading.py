"""DER, read (X.690): one strict, bounded walk that never recurses.

It refuses whatever a DER encoder cannot have written: indefinite or overlong lengths, padded
numbers, high tag numbers, contents that overrun.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from pki.der.codec.octets import Octets
from pki.der.codec.writing import (
    BIT_STRING,
    BOOLEAN,
    GENERALIZED_TIME,
    INTEGER,
    OID,
    OID_OCTETS,
    SEQUENCE,
    UTC_TIME,
    UTC_YEARS,
    named_bits,
    tlv,
)
from pki.domain.errors import Malformed

_SHORT: Final = 0x80
_LENGTH_OCTETS: Final = 4
_HIGH_TAG: Final = 0x1F
_NAMED_OCTETS: Final = 5
_FROM_1950: Final = 50 * 10**10
_TO_1900: Final = 1900 * 10**10
_TO_2000: Final = 2000 * 10**10
_UTC_FORM: Final = re.compile(rb"[0-9]{12}Z")
_GENERALIZED_FORM: Final = re.compile(rb"[0-9]{14}Z")


@lru_cache(maxsize=1024)
def _dotted(content: bytes) -> str | None:
    """Content of an OBJECT IDENTIFIER as text, None when it is not canonical."""
    if not 0 < len(content) <= OID_OCTETS or content[-1] & 0x80:
        return None
    arcs: list[int] = []
    value = 0
    fresh = True
    for octet in content:
        if fresh and octet == 0x80:  # noqa: PLR2004 -- X.690 8.19.2: no leading zero group
            return None
        value = value << 7 | octet & 0x7F
        fresh = octet < _SHORT
        if fresh:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - first * 40, *arcs[1:]))


def full_year(digits: int) -> int:
    """YYMMDDHHMMSS of a UTCTime with the century that it means (RFC 5280 4.1.2.5.1)."""
    return digits + (_TO_1900 if digits >= _FROM_1950 else _TO_2000)


def moment_of(digits: int) -> datetime:
    """The moment that YYYYMMDDHHMMSS, read as one number, stands for; ValueError if none."""
    date, clock = divmod(digits, 10**6)
    year, day = divmod(date, 10**4)
    hour, minute = divmod(clock, 10**4)
    return datetime(year, day // 100, day % 100, hour, minute // 100, minute % 100, tzinfo=UTC)


class Reader:
    """Walks elements front to back; every method raises `Malformed` on anything unexpected."""

    __slots__ = ("_data", "_end", "_position", "what")

    def __init__(self, data: Octets, what: str, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._position = start
        self._end = len(data) if end is None else end
        self.what = what

    def bad(self, message: str) -> Malformed:
        """The error that says what was being read."""
        return Malformed(what=self.what, message=f"{self.what}: {message}")

    def tag(self) -> int:
        """The tag of the next element, or -1 at the end."""
        return self._data[self._position] if self._position < self._end else -1

    def finish(self) -> None:
        """Nothing may be left."""
        if self._position != self._end:
            raise self.bad("unexpected element or trailing bytes")

    def _next(self, tag: int | None) -> tuple[int, int]:
        """Step over one element; where its content starts and ends."""
        data, start, end = self._data, self._position, self._end
        body = start + 2
        if body > end:
            raise self.bad("ends too early")
        found, size = data[start], data[start + 1]
        if found != tag and (tag is not None or found & _HIGH_TAG == _HIGH_TAG):
            raise self.bad(f"unexpected element with tag 0x{found:02x}")
        if size >= _SHORT:
            body, size = self._long(body, size - _SHORT)
        stop = body + size
        if stop > end:
            raise self.bad("ends too early")
        self._position = stop
        return body, stop

    def _long(self, start: int, count: int) -> tuple[int, int]:
        """Where content begins and how long it is, by a length of ``count`` octets at ``start``."""
        body = start + count
        if not 1 <= count <= _LENGTH_OCTETS or body > self._end:
            raise self.bad("length is not definite, or not of this world")
        size = int.from_bytes(self._data[start:body], "big")
        if size < _SHORT or size.bit_length() <= 8 * (count - 1):
            raise self.bad("length is not in its shortest form")
        return body, size

    def take(self, tag: int) -> bytes:
        """Content of the next element, which must have ``tag``."""
        body, stop = self._next(tag)
        return self._data[body:stop]

    def element(self, tag: int | None = None) -> bytes:
        """The whole next element, tag and length included."""
        start = self._position
        return self._data[start : self._next(tag)[1]]

    def span(self, tag: int) -> tuple[int, int, int]:
        """Where the next element starts, where its content does, and where both end."""
        start = self._position
        body, stop = self._next(tag)
        return start, body, stop

    def enter(self, tag: int = SEQUENCE) -> "Reader":
        """A reader of the content of the next element."""
        body, stop = self._next(tag)
        return Reader(self._data, self.what, body, stop)

    def both(self) -> "tuple[bytes, Reader]":
        """The whole next SEQUENCE, and a reader of its content."""
        start = self._position
        body, stop = self._next(SEQUENCE)
        return self._data[start:stop], Reader(self._data, self.what, body, stop)

    def rest(self) -> bytes:
        """Everything that is left, unread."""
        start, self._position = self._position, self._end
        return self._data[start : self._end]

    def integer(self, tag: int = INTEGER) -> int:
        """An INTEGER in its shortest form."""
        content = self.take(tag)
        if not content:
            raise self.bad("empty integer")
        if len(content) > 1 and content[0] in {0x00, 0xFF} and content[0] >> 7 == content[1] >> 7:
            raise self.bad("integer is not in its shortest form")
        return int.from_bytes(content, "big", signed=True)

    def boolean(self) -> bool:
        """A BOOLEAN: 00 or FF (X.690 11.1)."""
        content = self.take(BOOLEAN)
        if content not in {b"\x00", b"\xff"}:
            raise self.bad("boolean is neither 00 nor FF")
        return content == b"\xff"

    def oid(self) -> str:
        """An OBJECT IDENTIFIER as dotted decimal numbers."""
        dotted = _dotted(self.take(OID))
        if dotted is None:
            raise self.bad("object identifier is not in its shortest form, or too long")
        return dotted

    def octet_bits(self) -> bytes:
        """A BIT STRING of whole octets."""
        content = self.take(BIT_STRING)
        if not content or content[0] != 0:
            raise self.bad("bit string is not of whole octets")
        return content[1:]

    def named_bits(self) -> frozenset[int]:
        """Positions of the bits that are set in a BIT STRING without trailing zeroes."""
        content = self.take(BIT_STRING)
        if not 0 < len(content) <= _NAMED_OCTETS or content[0] > 7:  # noqa: PLR2004 -- bits of an octet
            raise self.bad("bit string without a count of unused bits, or too long")
        size = len(content) - 1
        number = int.from_bytes(content[1:], "big")
        positions = frozenset(
            place for place in range(size * 8) if number >> (size * 8 - 1 - place) & 1
        )
        if named_bits(positions) != tlv(BIT_STRING, content):
            raise self.bad("named bits have trailing zeroes")
        return positions

    def generalized_time(self) -> datetime:
        """A GeneralizedTime in UTC with seconds and no fraction."""
        content = self.take(GENERALIZED_TIME)
        if not _GENERALIZED_FORM.fullmatch(content):
            raise self.bad("GeneralizedTime is not YYYYMMDDHHMMSSZ")
        return self._moment(int(content[:-1]))

    def time(self) -> datetime:
        """A Time of RFC 5280 4.1.2.5, each year in the form that it must have."""
        if self.tag() == GENERALIZED_TIME:
            moment = self.generalized_time()
            if moment.year in UTC_YEARS:
                raise self.bad("GeneralizedTime for a year that must be UTCTime")
            return moment
        content = self.take(UTC_TIME)
        if not _UTC_FORM.fullmatch(content):
            raise self.bad("UTCTime is not YYMMDDHHMMSSZ")
        return self._moment(full_year(int(content[:-1])))

    def _moment(self, digits: int) -> datetime:
        try:
            return moment_of(digits)
        except ValueError as error:
            raise self.bad("no such moment") from error


def outermost(der: Octets, what: str, limit: int) -> Reader:
    """A reader inside the one SEQUENCE that ``der`` is, of at most ``limit`` octets."""
    if len(der) > limit:
        raise Malformed(what=what, message=f"{what}: more than {limit} octets")
    outer = Reader(der, what)
    inner = outer.enter()
    outer.finish()
    return inner
