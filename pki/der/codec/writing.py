"""DER, written (X.690): small functions that join bytes; everything is canonical."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from pki.domain.errors import Malformed

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
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
_ONE_OCTET: Final = 0xFF
_TWO_OCTETS: Final = 0xFFFF
OID_OCTETS: Final = 64
"""Longest content of an object identifier that is written or read."""
UTC_YEARS: Final = range(1950, 2050)
"""Years that a Time expresses as UTCTime (RFC 5280 4.1.2.5)."""


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
        return b"%c%c%b" % (tag, size, content)
    if size <= _TWO_OCTETS:
        if size <= _ONE_OCTET:
            return b"%c\x81%c%b" % (tag, size, content)
        return b"%c\x82%c%c%b" % (tag, size >> 8, size & 0xFF, content)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return b"%c%c%b%b" % (tag, _SHORT | len(octets), octets, content)


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of elements that are encoded already."""
    return tlv(SEQUENCE, b"".join(parts))


def sequence_header(octets: int) -> bytes:
    """Tag and length of a SEQUENCE whose content has this many octets (X.690 10.1)."""
    if octets < _SHORT:
        return bytes((SEQUENCE, octets))
    length = octets.to_bytes((octets.bit_length() + 7) // 8, "big")
    return bytes((SEQUENCE, _SHORT | len(length))) + length


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
    if len(content) > OID_OCTETS:
        raise Malformed(what="object identifier", message="more than 64 octets")
    return tlv(OID, content)


def _arc(value: int) -> bytes:
    octets = bytearray((value & 0x7F,))
    while value := value >> 7:
        octets.append(0x80 | (value & 0x7F))
    return bytes(reversed(octets))


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    if moment.utcoffset() is None:
        raise ValueError("a time without time zone has no DER form")
    return moment.astimezone(UTC)


def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime in UTC, cut to whole seconds (RFC 5280 4.1.2.5.2)."""
    utc = _utc(moment)
    clock = (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second)
    return b"\x18\x0f%04d%02d%02d%02d%02d%02dZ" % clock


def time(moment: datetime) -> bytes:
    """A Time: UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 4.1.2.5)."""
    utc = _utc(moment)
    if utc.year not in UTC_YEARS:
        return generalized_time(utc)
    clock = (utc.year % 100, utc.month, utc.day, utc.hour, utc.minute, utc.second)
    return b"\x17\x0d%02d%02d%02d%02d%02d%02dZ" % clock
