"""OCSP requests (RFC 6960 4.1): a strict walk over bytes that anybody may send."""

import hashlib
from collections.abc import Sequence
from typing import Final

from pki.der import codec, oids
from pki.der.extensions import read_tagged_extensions
from pki.der.ocsp.request_extensions import (
    check_response_types,
    encode_nonce,
    encode_preferred,
    read_nonce,
    read_preferred,
)
from pki.der.ocsp.values import MAX_REQUEST, CertId, OcspRequest, PreferredSignature
from pki.der.spki import key_bits

_WHAT: Final = "OCSP request"
_SERIAL_OCTETS: Final = 64
_UNDERSTOOD: Final = frozenset(
    {oids.OCSP_NONCE, oids.OCSP_RESPONSE_TYPES, oids.OCSP_PREFERRED_SIGNATURES}
)
_DIGESTS: Final = {
    oids.SHA1: ("sha1", 20),
    oids.SHA256: ("sha256", 32),
    oids.SHA384: ("sha384", 48),
    oids.SHA512: ("sha512", 64),
}
# RFC 5754 2: parameters of these digests are NULL or absent.
_IDENTIFIERS: Final = {
    codec.sequence(codec.oid(dotted), parameters): (dotted, name, size)
    for dotted, (name, size) in _DIGESTS.items()
    for parameters in (codec.NULL, b"")
}
_DIGEST_OIDS: Final = {name: dotted for dotted, (name, _) in _DIGESTS.items()}


def make_cert_id(
    issuer_der: bytes, issuer_public_key: bytes, serial: int, hash_name: str = "sha256"
) -> CertId:
    """The CertID of a certificate: issuer's DER name, issuer's SubjectPublicKeyInfo, serial number.

    ``hash_name`` is sha1, sha256, sha384 or sha512; its parameters are NULL, as most clients do.
    """
    dotted = _DIGEST_OIDS[hash_name]
    name_hash = hashlib.new(hash_name, issuer_der, usedforsecurity=False).digest()
    bits = key_bits(issuer_public_key)
    key_hash = hashlib.new(hash_name, bits, usedforsecurity=False).digest()
    der = codec.sequence(
        codec.sequence(codec.oid(dotted), codec.NULL),
        codec.octet_string(name_hash),
        codec.octet_string(key_hash),
        codec.integer(serial),
    )
    return CertId(
        hash_oid=dotted,
        hash_name=hash_name,
        issuer_name_hash=name_hash,
        issuer_key_hash=key_hash,
        serial=serial,
        der=der,
    )


def _read_digest(der: bytes) -> tuple[str, None, None]:
    """A digest that is not in use here, whatever its parameters."""
    body = codec.outermost(der, _WHAT, MAX_REQUEST)
    dotted = body.oid()
    if body.tag() >= 0:
        body.element()
    body.finish()
    if dotted in _DIGESTS:
        raise body.bad("a digest with parameters")
    return dotted, None, None


def read_cert_id(parent: codec.Reader) -> CertId:
    """Read the CertID that comes next in ``parent``.

    Raises:
        Malformed: not a CertID, hashes of a wrong length, or a serial number over 64 octets.
    """
    der, body = parent.both()
    algorithm_der = body.element(codec.SEQUENCE)
    known = _IDENTIFIERS.get(algorithm_der)
    dotted, hash_name, size = _read_digest(algorithm_der) if known is None else known
    name_hash, key_hash = body.take(codec.OCTET_STRING), body.take(codec.OCTET_STRING)
    serial = body.integer()
    body.finish()
    if size is not None and not len(name_hash) == len(key_hash) == size:
        raise body.bad("issuer hashes of a wrong length")
    if serial.bit_length() >= _SERIAL_OCTETS * 8:
        raise body.bad("serial number of more than 64 octets")
    return CertId(
        hash_oid=dotted,
        hash_name=hash_name,
        issuer_name_hash=name_hash,
        issuer_key_hash=key_hash,
        serial=serial,
        der=der,
    )


def encode_request(
    cert_ids: Sequence[CertId],
    nonce: bytes | None = None,
    preferred: Sequence[PreferredSignature] = (),
) -> bytes:
    """An unsigned request for these certificates."""
    asked = codec.sequence(*(codec.sequence(each.der) for each in cert_ids))
    extensions = b"" if nonce is None else encode_nonce(nonce)
    if preferred:
        extensions += encode_preferred(preferred)
    listed = codec.explicit(2, codec.sequence(extensions)) if extensions else b""
    return codec.sequence(codec.sequence(asked, listed))


def _read_tbs(body: codec.Reader) -> OcspRequest:
    if body.tag() == codec.constructed(0):
        version = body.enter(codec.constructed(0))
        if version.integer() != 0:
            raise body.bad("not version 1")
        version.finish()
    if body.tag() == codec.constructed(1):
        body.element()
    asked = body.enter()
    cert_ids: list[CertId] = []
    while asked.tag() >= 0:
        one = asked.enter()
        cert_ids.append(read_cert_id(one))
        read_tagged_extensions(one, 0, frozenset())
        one.finish()
    extensions = read_tagged_extensions(body, 2, _UNDERSTOOD)
    body.finish()
    if not cert_ids:
        raise body.bad("asks for nothing")
    if not extensions:
        return OcspRequest(cert_ids=tuple(cert_ids), nonce=None)
    check_response_types(extensions, _WHAT)
    return OcspRequest(
        cert_ids=tuple(cert_ids),
        nonce=read_nonce(extensions, _WHAT),
        preferred=read_preferred(extensions, _WHAT),
    )


def _check_signature(outer: codec.Reader) -> None:
    """The shape of an optional signature, which is not verified (RFC 6960 4.1.1)."""
    wrapper = outer.enter(codec.constructed(0))
    signature = wrapper.enter()
    wrapper.finish()
    signature.element(codec.SEQUENCE)
    signature.octet_bits()
    if signature.tag() == codec.constructed(0):
        signature.element()
    signature.finish()


def read_request(der: bytes) -> OcspRequest:
    """Read one request of at most 16 KiB.

    Requestor name and signature are accepted and ignored: whoever may reach this responder may ask,
    so a signature would decide nothing (RFC 6960 4.1.2, RFC 9919 3.1.2).

    Raises:
        Malformed: not DER, not version 1, no CertID, a duplicate or unknown critical extension, a
            nonce that is no OCTET STRING of 1 to 128 octets, hashes of a wrong length.
    """
    outer = codec.outermost(der, _WHAT, MAX_REQUEST)
    request = _read_tbs(outer.enter())
    if outer.tag() == codec.constructed(0):
        _check_signature(outer)
    outer.finish()
    return request
