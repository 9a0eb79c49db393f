"""Results of a search page by page (RFC 2696): the controls of both sides. Pure."""

from typing import Final

from ldap_publish.wire.ber import INTEGER, OCTET_STRING, BadMessage, elements, integer, octets, tlv

_KIND: Final = b"1.2.840.113556.1.4.319"
_TRUE: Final = tlv(0x01, b"\xff")


def next_page(size: int, cookie: bytes) -> bytes:
    """Ask for so many entries more; ``cookie`` is that of the page before, none for the first.

    Critical: a server that does not know it says so instead of sending everything.
    """
    value = tlv(0x30, integer(size), octets(cookie))
    return tlv(0x30, octets(_KIND), _TRUE, octets(value))


def cookie_of(controls: bytes) -> bytes:
    """What stands for the next page; empty when this was the last.

    Raises:
        BadMessage: the control is of another form.
    """
    for _, control in elements(controls):
        pieces = elements(control)
        if pieces and pieces[0] == (OCTET_STRING, _KIND):
            return _cookie(pieces[-1][1])
    return b""


def _cookie(value: bytes) -> bytes:
    whole = elements(value)
    pieces = elements(whole[0][1]) if len(whole) == 1 else []
    if [tag for tag, _ in pieces] != [INTEGER, OCTET_STRING]:
        raise BadMessage("a page in another form")
    return pieces[1][1]
