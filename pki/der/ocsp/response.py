"""OCSP responses, written (RFC 6960 4.2): joined bytes, no objects between."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pki.der import codec, oids
from pki.der.algorithms import algorithm_identifier
from pki.der.ocsp.request_extensions import encode_nonce
from pki.der.ocsp.values import OcspError, SingleResponse
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed

_SUCCESSFUL: Final = codec.integer(0, codec.ENUMERATED)
_BASIC: Final = codec.oid(oids.OCSP_BASIC)
_GOOD: Final = b"\x80\x00"
_UNKNOWN: Final = b"\x82\x00"
_REASONS: Final[dict[RevocationReason | None, bytes]] = {
    None: b"",
    **{
        reason: codec.explicit(0, codec.integer(reason, codec.ENUMERATED))
        for reason in RevocationReason
    },
}
_ARCHIVE_CUTOFF: Final = codec.oid(oids.OCSP_ARCHIVE_CUTOFF)
_CERT_HASH: Final = codec.oid(oids.OCSP_CERT_HASH)
_INVALIDITY_DATE: Final = codec.oid(oids.INVALIDITY_DATE)
_SHA256: Final = codec.sequence(codec.oid(oids.SHA256), codec.NULL)
_EXTENDED_REVOKE: Final = codec.sequence(
    codec.oid(oids.OCSP_EXTENDED_REVOKE), codec.octet_string(codec.NULL)
)


def _revoked(at: datetime, reason: RevocationReason | None) -> bytes:
    return codec.tlv(codec.constructed(1), codec.generalized_time(at) + _REASONS[reason])


def _status(status: CertificateStatus | None) -> bytes:
    match status:
        case None:
            return _UNKNOWN
        case Good():
            return _GOOD
        case OnHold(since=since) | Unconfirmed(since=since):
            return _revoked(since, RevocationReason.CERTIFICATE_HOLD)
        case _:
            return _revoked(status.at, status.reason)


def _single_extensions(single: SingleResponse) -> bytes:
    extensions = b""
    if single.archive_cutoff is not None:
        cutoff = codec.octet_string(codec.generalized_time(single.archive_cutoff))
        extensions = codec.sequence(_ARCHIVE_CUTOFF, cutoff)
    if single.certificate_sha256 is not None:
        digest = codec.sequence(_SHA256, codec.octet_string(single.certificate_sha256))
        extensions += codec.sequence(_CERT_HASH, codec.octet_string(digest))
    status = single.status
    if isinstance(status, Revoked) and status.compromised_since is not None:
        since = codec.octet_string(codec.generalized_time(status.compromised_since))
        extensions += codec.sequence(_INVALIDITY_DATE, since)
    return codec.explicit(1, codec.sequence(extensions)) if extensions else b""


def _single(single: SingleResponse) -> bytes:
    next_update = b""
    if single.next_update is not None:
        next_update = codec.explicit(0, codec.generalized_time(single.next_update))
    return codec.sequence(
        single.cert_id.der,
        _status(single.status),
        codec.generalized_time(single.this_update),
        next_update,
        _single_extensions(single),
    )


def encode_response_data(
    responder_key_hash: bytes,
    produced_at: datetime,
    singles: Sequence[SingleResponse],
    nonce: bytes | None,
    *,
    extended_revoke: bool = False,
) -> bytes:
    """ResponseData, the bytes to be signed; the responder is named by key (RFC 9919 3.2.1).

    ``responder_key_hash`` is `spki.key_identifier` of the responder's key. ``extended_revoke`` says
    that never-issued serials may be answered as revoked (RFC 6960 4.4.8).
    """
    extensions = b"" if nonce is None else encode_nonce(nonce)
    if extended_revoke:
        extensions += _EXTENDED_REVOKE
    return codec.sequence(
        codec.explicit(2, codec.octet_string(responder_key_hash)),
        codec.generalized_time(produced_at),
        codec.sequence(*map(_single, singles)),
        codec.explicit(1, codec.sequence(extensions)) if extensions else b"",
    )


def encode_basic_response(
    response_data: bytes,
    algorithm: SignatureAlgorithm,
    signature: bytes,
    certificates: Sequence[bytes],
) -> bytes:
    """The whole successful OCSPResponse around signed ResponseData."""
    basic = codec.sequence(
        response_data,
        algorithm_identifier(algorithm),
        codec.bit_string(signature),
        codec.explicit(0, codec.sequence(*certificates)) if certificates else b"",
    )
    return codec.sequence(
        _SUCCESSFUL, codec.explicit(0, codec.sequence(_BASIC, codec.octet_string(basic)))
    )


def encode_error(error: OcspError) -> bytes:
    """An OCSPResponse without responseBytes: five octets."""
    return codec.sequence(codec.integer(error, codec.ENUMERATED))
