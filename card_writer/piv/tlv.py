"""BER-TLV as cards speak it (ISO 7816-4 5.2.2): definite lengths, tags of up to three octets."""

from typing import Final

from card_writer.piv.apdu import unusable

_MANY: Final = 0x1F
_LENGTH_OCTETS: Final = 2
_TAG_OCTETS: Final = 3


def encode(tag: int, value: bytes) -> bytes:
    """One data object."""
    name = tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big")
    size = len(value)
    if size < 0x80:  # noqa: PLR2004 -- the short form
        return name + bytes([size]) + value
    width = (size.bit_length() + 7) // 8
    return name + bytes([0x80 | width]) + size.to_bytes(width, "big") + value


def decode(octets: bytes) -> dict[int, bytes]:
    """The data objects that follow one another in ``octets``, by tag.

    Raises:
        CardRefused: cut short, overlong, or a tag twice.
    """
    found: dict[int, bytes] = {}
    at = 0
    while at < len(octets):
        tag, at = _tag(octets, at)
        size, at = _length(octets, at)
        if tag in found or at + size > len(octets):
            raise unusable("data objects that do not fit")
        found[tag] = octets[at : at + size]
        at += size
    return found


def inner(octets: bytes, tag: int) -> bytes:
    """The value of the one data object ``octets`` is.

    Raises:
        CardRefused: it is another one, or more than one.
    """
    found = decode(octets)
    if list(found) != [tag]:
        raise unusable(f"another data object than {tag:x}")
    return found[tag]


def _octet(octets: bytes, at: int) -> int:
    if at >= len(octets):
        raise unusable("a data object that was cut short")
    return octets[at]


def _tag(octets: bytes, at: int) -> tuple[int, int]:
    tag, at = _octet(octets, at), at + 1
    if tag & _MANY != _MANY:
        return tag, at
    for _ in range(_TAG_OCTETS - 1):
        more, at = _octet(octets, at), at + 1
        tag = tag << 8 | more
        if not more & 0x80:
            return tag, at
    raise unusable("a tag of more than three octets")


def _length(octets: bytes, at: int) -> tuple[int, int]:
    size, at = _octet(octets, at), at + 1
    if not size & 0x80:
        return size, at
    width = size & 0x7F
    if not 0 < width <= _LENGTH_OCTETS or at + width > len(octets):
        raise unusable("a length of an unknown form")
    return int.from_bytes(octets[at : at + width], "big"), at + width
