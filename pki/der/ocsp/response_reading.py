"""OCSP responses, read (RFC 6960 4.2): our own before they leave, those of others when we ask."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from pki.der import codec, oids
from pki.der.algorithms import algorithm_from_der
from pki.der.extensions import read_tagged_extensions
from pki.der.ocsp.request import read_cert_id
from pki.der.ocsp.request_extensions import read_nonce
from pki.der.ocsp.values import OcspError, OcspResponse, SingleResponse
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked

_WHAT: Final = "OCSP response"
_LIMIT: Final = 1 << 20
_UNDERSTOOD: Final = frozenset(
    {
        oids.OCSP_NONCE,
        oids.OCSP_EXTENDED_REVOKE,
        oids.OCSP_ARCHIVE_CUTOFF,
        oids.OCSP_CERT_HASH,
        oids.INVALIDITY_DATE,
    }
)
_SHA256: Final = frozenset(
    codec.sequence(codec.oid(oids.SHA256), parameters) for parameters in (codec.NULL, b"")
)
# Codes of RFC 5280 5.3.1 that say no more here than "revoked".
_UNSPECIFIC: Final = frozenset({0, 10})


def _read_revoked(info: codec.Reader) -> CertificateStatus:
    at = info.generalized_time()
    code = 0
    if info.tag() >= 0:
        wrapper = info.enter(codec.constructed(0))
        code = wrapper.integer(codec.ENUMERATED)
        wrapper.finish()
    info.finish()
    if code == RevocationReason.CERTIFICATE_HOLD:
        return OnHold(since=at)
    if code in _UNSPECIFIC:
        return Revoked(at=at, reason=None)
    try:
        return Revoked(at=at, reason=RevocationReason(code))
    except ValueError as error:
        raise info.bad("a revocation reason that a response cannot have") from error


def _read_status(single: codec.Reader) -> CertificateStatus | None:
    if single.tag() == codec.constructed(1):
        return _read_revoked(single.enter(codec.constructed(1)))
    good = single.tag() == codec.context(0)
    if single.take(codec.context(0 if good else 2)):
        raise single.bad("good and unknown carry nothing")
    return Good() if good else None


def _read_time(value: bytes) -> datetime:
    reader = codec.Reader(value, _WHAT)
    moment = reader.generalized_time()
    reader.finish()
    return moment


def _read_cert_hash(value: bytes) -> bytes | None:
    """None for a digest other than SHA-256."""
    body = codec.outermost(value, _WHAT, _LIMIT)
    algorithm = body.element(codec.SEQUENCE)
    digest = body.take(codec.OCTET_STRING)
    body.finish()
    return digest if algorithm in _SHA256 else None


def _read_single(single: codec.Reader) -> SingleResponse:
    cert_id = read_cert_id(single)
    status = _read_status(single)
    this_update = single.generalized_time()
    next_update = None
    if single.tag() == codec.constructed(0):
        wrapper = single.enter(codec.constructed(0))
        next_update = wrapper.generalized_time()
        wrapper.finish()
    extensions = {each.oid: each.value for each in read_tagged_extensions(single, 1, _UNDERSTOOD)}
    cutoff = extensions.get(oids.OCSP_ARCHIVE_CUTOFF)
    cert_hash = extensions.get(oids.OCSP_CERT_HASH)
    invalidity = extensions.get(oids.INVALIDITY_DATE)
    single.finish()
    if invalidity is not None and isinstance(status, Revoked):
        status = replace(status, compromised_since=_read_time(invalidity))
    return SingleResponse(
        cert_id=cert_id,
        status=status,
        this_update=this_update,
        next_update=next_update,
        archive_cutoff=None if cutoff is None else _read_time(cutoff),
        certificate_sha256=None if cert_hash is None else _read_cert_hash(cert_hash),
    )


def _read_responder(data: codec.Reader) -> tuple[bytes | None, bytes | None]:
    """Key hash or name of the responder; exactly one of them is not None."""
    by_name = data.tag() == codec.constructed(1)
    wrapper = data.enter(codec.constructed(1 if by_name else 2))
    value = wrapper.element(codec.SEQUENCE) if by_name else wrapper.take(codec.OCTET_STRING)
    wrapper.finish()
    return (None, value) if by_name else (value, None)


def _read_certificates(basic: codec.Reader) -> tuple[bytes, ...]:
    certificates: list[bytes] = []
    if basic.tag() == codec.constructed(0):
        wrapper = basic.enter(codec.constructed(0))
        listed = wrapper.enter()
        wrapper.finish()
        while listed.tag() >= 0:
            certificates.append(listed.element(codec.SEQUENCE))
    return tuple(certificates)


def _read_basic(der: bytes) -> OcspResponse:
    basic = codec.outermost(der, _WHAT, _LIMIT)
    tbs = basic.element(codec.SEQUENCE)
    algorithm = algorithm_from_der(basic.element(codec.SEQUENCE))
    signature = basic.octet_bits()
    certificates = _read_certificates(basic)
    basic.finish()
    data = codec.outermost(tbs, _WHAT, _LIMIT)
    key_hash, name = _read_responder(data)
    produced_at = data.generalized_time()
    listed = data.enter()
    singles: list[SingleResponse] = []
    while listed.tag() >= 0:
        singles.append(_read_single(listed.enter()))
    extensions = read_tagged_extensions(data, 1, _UNDERSTOOD)
    data.finish()
    return OcspResponse(
        tbs=tbs,
        algorithm=algorithm,
        signature=signature,
        responder_key_hash=key_hash,
        responder_name=name,
        produced_at=produced_at,
        singles=tuple(singles),
        nonce=read_nonce(extensions, _WHAT),
        extended_revoke=any(each.oid == oids.OCSP_EXTENDED_REVOKE for each in extensions),
        certificates=certificates,
    )


def read_response(der: bytes) -> OcspResponse | OcspError:
    """Read one OCSPResponse of at most 1 MiB; a negative answer is a value. Nothing is verified.

    Raises:
        Malformed: anything else, other than basic responses of version 1 included.
    """
    outer = codec.outermost(der, _WHAT, _LIMIT)
    status = outer.integer(codec.ENUMERATED)
    if status != 0:
        outer.finish()
        try:
            return OcspError(status)
        except ValueError as error:
            raise outer.bad("a response status that does not exist") from error
    wrapper = outer.enter(codec.constructed(0))
    outer.finish()
    body = wrapper.enter()
    wrapper.finish()
    if body.oid() != oids.OCSP_BASIC:
        raise body.bad("not a basic response")
    basic = body.take(codec.OCTET_STRING)
    body.finish()
    return _read_basic(basic)
