"""The control that makes an operation depend on what the entry holds then (RFC 4528). Pure."""

from typing import Final

from ldap_publish.wire.ber import octets, tlv

_KIND: Final = b"1.3.6.1.1.12"
_EQUALITY_MATCH: Final = 0xA3


def if_equal(attribute: str, value: bytes) -> bytes:
    """Only while the attribute has this value; otherwise the answer is assertionFailed (122).

    Not critical: a proxy that does not know it does the operation all the same, as before.
    """
    match = tlv(_EQUALITY_MATCH, octets(attribute.encode()), octets(value))
    return tlv(0x30, octets(_KIND), octets(match))
