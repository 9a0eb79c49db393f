"""CMS SignedData, written: DER, one signer, SHA-256 digests, the signer's chain included."""

import hashlib
from datetime import datetime
from typing import Final

from pki.der import codec, oids
from pki.der.algorithms import algorithm_identifier
from pki.der.certificate import read_certificate
from pki.domain.algorithms import SignatureAlgorithm

_VERSION_1: Final = codec.integer(1)
_SHA256: Final = codec.sequence(codec.oid(oids.SHA256))


def encode_signed_attributes(content: bytes, *, certificate: bytes, signed_at: datetime) -> bytes:
    """The attributes to be signed, as the SET OF that RFC 5652 5.4 has digested.

    contentType, messageDigest and signingTime (RFC 5652 11), and signingCertificateV2, which binds
    the signature to this very certificate (RFC 5035 3). ``signed_at`` is cut to whole seconds.
    """
    digest = codec.octet_string(hashlib.sha256(content).digest())
    certified = codec.octet_string(hashlib.sha256(certificate).digest())
    # ESSCertIDv2: hashAlgorithm is left out since SHA-256 is its default (DER), issuerSerial too.
    signer = codec.sequence(codec.sequence(codec.sequence(certified)))
    return _set_of(
        _attribute(oids.CMS_CONTENT_TYPE, codec.oid(oids.CMS_DATA)),
        _attribute(oids.CMS_MESSAGE_DIGEST, digest),
        _attribute(oids.CMS_SIGNING_TIME, codec.time(signed_at)),
        _attribute(oids.CMS_SIGNING_CERTIFICATE_V2, signer),
    )


def encode_signed_content(
    content: bytes,
    *,
    attributes: bytes,
    algorithm: SignatureAlgorithm,
    signature: bytes,
    certificates: tuple[bytes, ...],
) -> bytes:
    """The whole ContentInfo (RFC 5652 3, 5.1); the first of ``certificates`` is the signer's.

    Raises:
        Malformed: the first certificate cannot be read.
    """
    signer = read_certificate(certificates[0]).content
    information = codec.sequence(
        _VERSION_1,
        codec.sequence(signer.issuer_der, codec.integer(signer.serial.value)),
        _SHA256,
        codec.constructed(0).to_bytes() + attributes[1:],
        algorithm_identifier(algorithm),
        codec.octet_string(signature),
    )
    signed = codec.sequence(
        _VERSION_1,
        _set_of(_SHA256),
        codec.sequence(codec.oid(oids.CMS_DATA), codec.explicit(0, codec.octet_string(content))),
        codec.tlv(codec.constructed(0), b"".join(sorted(certificates))),
        _set_of(information),
    )
    return codec.sequence(codec.oid(oids.CMS_SIGNED_DATA), codec.explicit(0, signed))


def _attribute(kind: str, value: bytes) -> bytes:
    return codec.sequence(codec.oid(kind), _set_of(value))


def _set_of(*elements: bytes) -> bytes:
    """X.690 11.6: in ascending order of their encodings."""
    return codec.tlv(codec.SET, b"".join(sorted(elements)))
