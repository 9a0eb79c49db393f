"""What OCSP messages say."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.status import CertificateStatus

MAX_REQUEST: Final = 16 * 1024
"""Octets of the largest request that is read."""


class OcspError(IntEnum):
    """The protocol's own negative answers: unsigned, without responseBytes (RFC 6960 4.2.1)."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class CertId:
    """Which certificate, as the client put it (RFC 6960 4.1.1). ``der`` is echoed byte for byte.

    ``hash_name`` is hashlib's name of ``hash_oid``, None for a digest that is not in use here. The
    serial number is any integer of at most 64 octets, since a client may ask for anything.
    """

    hash_oid: str
    hash_name: str | None
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    der: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferredSignature:
    """A signature the client would like (RFC 6960 4.4.7.1).

    ``key`` is the wished AlgorithmIdentifier of the responder's key, None when any will do.
    """

    algorithm: SignatureAlgorithm
    key: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspRequest:
    """At least one CertID, in the order asked; ``nonce`` without its OCTET STRING frame.

    ``preferred``: the signatures wished for that this system could make, the dearest first.
    """

    cert_ids: tuple[CertId, ...]
    nonce: bytes | None
    preferred: tuple[PreferredSignature, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleResponse:
    """The answer for one CertID. ``status`` None is `unknown`.

    OnHold and Unconfirmed are written as revoked with certificateHold, and read back as OnHold.
    ``Revoked.compromised_since`` is the CRL entry extension invalidityDate (RFC 6960 4.4.5).
    ``archive_cutoff``: RFC 6960 4.4.4. ``certificate_sha256``: digest of the DER certificate that
    is spoken of, Common PKI's CertHash.
    """

    cert_id: CertId
    status: CertificateStatus | None
    this_update: datetime
    next_update: datetime | None
    archive_cutoff: datetime | None = None
    certificate_sha256: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspResponse:
    """A successful basic response that was read, not verified. ``tbs`` is the signed ResponseData.

    Either ``responder_key_hash`` or ``responder_name`` (DER) says who answers.
    """

    tbs: bytes
    algorithm: SignatureAlgorithm
    signature: bytes
    responder_key_hash: bytes | None
    responder_name: bytes | None
    produced_at: datetime
    singles: tuple[SingleResponse, ...]
    nonce: bytes | None
    extended_revoke: bool
    certificates: tuple[bytes, ...]
