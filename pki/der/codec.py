"""DER in its smallest parts (X.690): small writers that join bytes, and one strict, bounded reader.

Everything written is canonical. The reader refuses whatever a DER encoder cannot have written:
indefinite or overlong lengths, padded numbers, high tag numbers, contents that overrun. It never
recurses.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from pki.domain.errors import Malformed

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL_TAG: Final = 0x05
OID: Final = 0x06
ENUMERATED: Final = 0x0A
UTF8_STRING: Final = 0x0C
PRINTABLE_STRING: Final = 0x13
IA5_STRING: Final = 0x16
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31

NULL: Final = b"\x05\x00"
TRUE: Final = b"\x01\x01\xff"

_SHORT: Final = 0x80
_LENGTH_OCTETS: Final = 4
_HIGH_TAG: Final = 0x1F
_OID_OCTETS: Final = 64
_PIVOT: Final = 1950
_UTC_YEARS: Final = range(_PIVOT, 2050)
_UTC_FORM: Final = re.compile(rb"[0-9]{12}Z")
_GENERALIZED_FORM: Final = re.compile(rb"[0-9]{14}Z")


def context(number: int) -> int:
    """The tag ``[number]`` of a primitive value (IMPLICIT over a primitive type)."""
    return 0x80 | number


def constructed(number: int) -> int:
    """The tag ``[number]`` of a constructed value (EXPLICIT, or IMPLICIT over a SEQUENCE)."""
    return 0xA0 | number


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, shortest definite length, content (X.690 10.1)."""
    size = len(content)
    if size < _SHORT:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _SHORT | len(octets))) + octets + content


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of elements that are encoded already."""
    return tlv(SEQUENCE, b"".join(parts))


def explicit(number: int, element: bytes) -> bytes:
    """``[number] EXPLICIT``."""
    return tlv(constructed(number), element)


def integer(value: int, tag: int = INTEGER) -> bytes:
    """An INTEGER (or, by ``tag``, an ENUMERATED) in the fewest octets (X.690 8.3.2)."""
    magnitude = value if value >= 0 else ~value
    return tlv(tag, value.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True))


def octet_string(octets: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(OCTET_STRING, octets)


def bit_string(octets: bytes) -> bytes:
    """A BIT STRING of whole octets."""
    return tlv(BIT_STRING, b"\x00" + octets)


def named_bits(positions: frozenset[int]) -> bytes:
    """A BIT STRING of named bits, bit 0 first, without trailing zero bits (X.690 11.2.2)."""
    if not positions:
        return tlv(BIT_STRING, b"\x00")
    top = max(positions)
    size = top // 8 + 1
    number = sum(1 << (size * 8 - 1 - position) for position in positions)
    return tlv(BIT_STRING, bytes((7 - top % 8,)) + number.to_bytes(size, "big"))


@lru_cache(maxsize=1024)
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER.

    Raises:
        Malformed: not an object identifier, or one of more than 64 octets.
    """
    if not re.fullmatch(r"[0-2](\.(0|[1-9][0-9]{0,39}))+", dotted, re.ASCII):
        raise Malformed(what="object identifier", message="not dotted decimal numbers")
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    if first < 2 and second > 39:  # noqa: PLR2004 -- X.690 8.19.4
        raise Malformed(what="object identifier", message="second arc over 39 under 0 or 1")
    content = b"".join(_arc(arc) for arc in (first * 40 + second, *rest))
    if len(content) > _OID_OCTETS:
        raise Malformed(what="object identifier", message="more than 64 octets")
    return tlv(OID, content)


def _arc(value: int) -> bytes:
    octets = bytearray((value & 0x7F,))
    while value := value >> 7:
        octets.append(0x80 | (value & 0x7F))
    return bytes(reversed(octets))


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("a time without time zone has no DER form")
    return moment.astimezone(UTC)


def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime in UTC, cut to whole seconds (RFC 5280 4.1.2.5.2)."""
    return b"\x18\x0f%04d%02d%02d%02d%02d%02dZ" % _utc(moment).timetuple()[:6]


def time(moment: datetime) -> bytes:
    """A Time: UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 4.1.2.5)."""
    utc = _utc(moment)
    if utc.year not in _UTC_YEARS:
        return generalized_time(utc)
    clock = (utc.year % 100, utc.month, utc.day, utc.hour, utc.minute, utc.second)
    return b"\x17\x0d%02d%02d%02d%02d%02d%02dZ" % clock


class Reader:
    """Walks elements front to back; every method raises `Malformed` on anything unexpected."""

    __slots__ = ("_data", "_end", "_position", "what")

    def __init__(self, data: bytes, what: str, start: int = 0, end: int | None = None) -> None:
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

    def _next(self, tag: int | None) -> tuple[int, int, int]:
        """Step over one element; where it starts, where its content starts and where it ends."""
        start = self._position
        body = start + 2
        if body > self._end:
            raise self.bad("ends too early")
        found, size = self._data[start], self._data[start + 1]
        if found & _HIGH_TAG == _HIGH_TAG or (tag is not None and found != tag):
            raise self.bad(f"unexpected element with tag 0x{found:02x}")
        if size >= _SHORT:
            count = size - _SHORT
            body += count
            if not 1 <= count <= _LENGTH_OCTETS or body > self._end:
                raise self.bad("length is not definite, or not of this world")
            size = int.from_bytes(self._data[start + 2 : body], "big")
            if size < _SHORT or size.bit_length() <= 8 * (count - 1):
                raise self.bad("length is not in its shortest form")
        stop = body + size
        if stop > self._end:
            raise self.bad("ends too early")
        self._position = stop
        return start, body, stop

    def take(self, tag: int) -> bytes:
        """Content of the next element, which must have ``tag``."""
        _, body, stop = self._next(tag)
        return self._data[body:stop]

    def element(self, tag: int | None = None) -> bytes:
        """The whole next element, tag and length included."""
        start, _, stop = self._next(tag)
        return self._data[start:stop]

    def enter(self, tag: int = SEQUENCE) -> "Reader":
        """A reader of the content of the next element."""
        _, body, stop = self._next(tag)
        return Reader(self._data, self.what, body, stop)

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
        content = self.take(OID)
        if not 0 < len(content) <= _OID_OCTETS or content[-1] & 0x80:
            raise self.bad("object identifier of a wrong length")
        arcs: list[int] = []
        value = 0
        fresh = True
        for octet in content:
            if fresh and octet == 0x80:  # noqa: PLR2004 -- X.690 8.19.2: no leading zero group
                raise self.bad("object identifier is not in its shortest form")
            value = value << 7 | octet & 0x7F
            fresh = octet < _SHORT
            if fresh:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(str(arc) for arc in (first, arcs[0] - first * 40, *arcs[1:]))

    def octet_bits(self) -> bytes:
        """A BIT STRING of whole octets."""
        content = self.take(BIT_STRING)
        if not content or content[0] != 0:
            raise self.bad("bit string is not of whole octets")
        return content[1:]

    def named_bits(self) -> frozenset[int]:
        """Positions of the bits that are set in a BIT STRING without trailing zeroes."""
        content = self.take(BIT_STRING)
        if not content or content[0] > 7:  # noqa: PLR2004 -- unused bits of one octet
            raise self.bad("bit string without a count of unused bits")
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
        return self._moment(int(content[:4]), content[4:])

    def time(self) -> datetime:
        """A Time of RFC 5280 4.1.2.5, each year in the form that it must have."""
        if self.tag() == GENERALIZED_TIME:
            moment = self.generalized_time()
            if moment.year in _UTC_YEARS:
                raise self.bad("GeneralizedTime for a year that must be UTCTime")
            return moment
        content = self.take(UTC_TIME)
        if not _UTC_FORM.fullmatch(content):
            raise self.bad("UTCTime is not YYMMDDHHMMSSZ")
        return self._moment((int(content[:2]) - _PIVOT) % 100 + _PIVOT, content[2:])

    def _moment(self, year: int, rest: bytes) -> datetime:
        month, day, hour, minute, second = (int(rest[at : at + 2]) for at in range(0, 10, 2))
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError as error:
            raise self.bad("no such moment") from error


def outermost(der: bytes, what: str, limit: int) -> Reader:
    """A reader inside the one SEQUENCE that ``der`` is, of at most ``limit`` octets."""
    if len(der) > limit:
        raise Malformed(what=what, message=f"{what}: more than {limit} octets")
    outer = Reader(der, what)
    inner = outer.enter()
    outer.finish()
    return inner
