"""The BER of LDAP messages (RFC 4511 5.1): definite lengths, low tags. Pure.

Servers need not write lengths in their shortest form, so this is not DER.
"""

from typing import Final

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
ENUMERATED: Final = 0x0A
SEQUENCE: Final = 0x30
SET: Final = 0x31

_SHORT: Final = 0x80
_LONGEST_LENGTH: Final = 4


class BadMessage(ValueError):
    """These octets are no LDAP message."""


def tlv(tag: int, *contents: bytes) -> bytes:
    """Tag, length, contents."""
    content = contents[0] if len(contents) == 1 else b"".join(contents)
    size = len(content)
    if size < _SHORT:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _SHORT | len(length))) + length + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A number of 0 and more."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: bytes, tag: int = OCTET_STRING) -> bytes:
    """An octet string."""
    size = len(value)
    return bytes((tag, size)) + value if size < _SHORT else tlv(tag, value)


def header(data: bytes | bytearray, start: int) -> tuple[int, int] | None:
    """Where the contents of the element at ``start`` begin and end; None: more octets are needed.

    The end may lie beyond the data.

    Raises:
        BadMessage: an indefinite length, or one of more than four octets.
    """
    if len(data) < start + 2:
        return None
    first = data[start + 1]
    begin = start + 2
    if first < _SHORT:
        return begin, begin + first
    count = first & ~_SHORT
    if not 1 <= count <= _LONGEST_LENGTH:
        raise BadMessage("a length that LDAP does not know")
    if len(data) < begin + count:
        return None
    size = int.from_bytes(data[begin : begin + count], "big")
    return begin + count, begin + count + size


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """Tag and contents of each element, one after the other.

    Raises:
        BadMessage: the last one is cut off.
    """
    found: list[tuple[int, bytes]] = []
    start, size = 0, len(data)
    while start < size:
        # The short form is most of what directories send.
        begin = start + 2
        end = begin + data[start + 1] if begin <= size else size + 1
        if end - begin >= _SHORT:
            begin, end = header(data, start) or (begin, size + 1)
        if end > size:
            raise BadMessage("an element is cut off")
        found.append((data[start], data[begin:end]))
        start = end
    return found
