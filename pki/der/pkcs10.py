"""PKCS #10 requests (RFC 2986): only the key and the proof that its holder signed count here."""

from dataclasses import dataclass
from typing import Final

from pki.der import codec
from pki.der.signed import split
from pki.domain.algorithms import SignatureAlgorithm

_WHAT: Final = "PKCS #10 request"
_LIMIT: Final = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs10:
    """A request that was read, not verified.

    ``info_der`` is what was signed; ``public_key`` is SubjectPublicKeyInfo. Subject and attributes
    are never copied into a certificate and therefore not kept.
    """

    info_der: bytes
    public_key: bytes
    algorithm: SignatureAlgorithm
    signature: bytes


def read_pkcs10(der: bytes) -> Pkcs10:
    """Read one DER request of at most 16 KiB.

    Raises:
        Malformed: not a request of version 1, or signed with an algorithm that is not in use.
    """
    parts = split(der, _WHAT, _LIMIT)
    info = codec.outermost(parts.tbs, _WHAT, _LIMIT)
    if info.integer() != 0:
        raise info.bad("not version 1")
    info.element(codec.SEQUENCE)
    public_key = info.element(codec.SEQUENCE)
    # RFC 2986 4.1 requires attributes; some card software leaves them out when there are none.
    if info.tag() == codec.constructed(0):
        info.element()
    info.finish()
    return Pkcs10(
        info_der=parts.tbs,
        public_key=public_key,
        algorithm=parts.algorithm,
        signature=parts.signature,
    )


def encode_pkcs10_info(subject_der: bytes, public_key: bytes) -> bytes:
    """The CertificationRequestInfo to be signed, without attributes (RFC 2986 4.1)."""
    attributes = codec.tlv(codec.constructed(0), b"")
    return codec.sequence(codec.integer(0), subject_der, public_key, attributes)
