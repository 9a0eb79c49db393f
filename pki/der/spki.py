"""Public keys as DER SubjectPublicKeyInfo (RFC 5280 4.1.2.7)."""

import hashlib
from functools import lru_cache
from typing import Final

from pki.der import codec

_LIMIT: Final = 16 * 1024


def key_bits(public_key: bytes) -> bytes:
    """The subjectPublicKey bits of a DER SubjectPublicKeyInfo, without the count of unused bits.

    Raises:
        Malformed: not a SubjectPublicKeyInfo.
    """
    outer = codec.outermost(public_key, "public key", _LIMIT)
    outer.element(codec.SEQUENCE)
    bits = outer.octet_bits()
    outer.finish()
    return bits


@lru_cache(maxsize=64)
def key_identifier(public_key: bytes) -> bytes:
    """SHA-1 of the key bits (RFC 5280 4.2.1.2 method 1); OCSP's key hash too (RFC 6960 4.2.1).

    The last few are remembered: what issues is asked for its own each time.
    """
    return hashlib.sha1(key_bits(public_key), usedforsecurity=False).digest()
