"""The outer shape of certificates, CRLs and PKCS #10 requests: body, algorithm, signature."""

from dataclasses import dataclass
from typing import Final

from pki.der import codec
from pki.der.algorithms import algorithm_from_der, algorithm_identifier
from pki.domain.algorithms import SignatureAlgorithm

SIZE_LIMIT: Final = 1 << 30
"""Octets. A CRL of twenty million entries fits; readers of smaller things set their own limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedParts:
    """``tbs`` is the whole element that was signed; ``signature`` is without its frame."""

    tbs: bytes
    algorithm: SignatureAlgorithm
    signature: bytes


def assemble(tbs: bytes, algorithm: SignatureAlgorithm, signature: bytes) -> bytes:
    """The signed thing, from the bytes that were signed (RFC 5280 4.1.1, 5.1.1; RFC 2986 4.2)."""
    return codec.sequence(tbs, algorithm_identifier(algorithm), codec.bit_string(signature))


def around(octets: int, algorithm: SignatureAlgorithm, signature: bytes) -> tuple[bytes, bytes]:
    """What `assemble` puts before and after a body of this many octets."""
    after = algorithm_identifier(algorithm) + codec.bit_string(signature)
    return codec.sequence_header(octets + len(after)), after


def split(der: bytes, what: str = "signed data", limit: int = SIZE_LIMIT) -> SignedParts:
    """The inverse of `assemble`; nothing is verified.

    Raises:
        Malformed: not of this shape, over ``limit`` octets, or an algorithm that is not in use.
    """
    outer = codec.outermost(der, what, limit)
    tbs = outer.element(codec.SEQUENCE)
    algorithm = algorithm_from_der(outer.element(codec.SEQUENCE))
    signature = outer.octet_bits()
    outer.finish()
    return SignedParts(tbs=tbs, algorithm=algorithm, signature=signature)
