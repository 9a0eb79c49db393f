"""CMS SignedData, read: exactly the shape that `writing` makes; nothing is verified."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pki.der import codec, oids
from pki.der.algorithms import algorithm_from_der
from pki.der.certificate import Certificate, read_certificate
from pki.domain.algorithms import SignatureAlgorithm

_WHAT: Final = "CMS signed data"
_LIMIT: Final = 16 << 20
_ATTRIBUTES: Final = frozenset(
    (
        oids.CMS_CONTENT_TYPE,
        oids.CMS_MESSAGE_DIGEST,
        oids.CMS_SIGNING_TIME,
        oids.CMS_SIGNING_CERTIFICATE_V2,
    )
)


_RSA_OF_THE_DIGEST: Final = frozenset(
    codec.sequence(codec.oid(oids.RSA_ENCRYPTION), parameters) for parameters in (codec.NULL, b"")
)
"""PKCS #1 v1.5 over the digest named beside it, as most programs write it (RFC 5754 3.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedContent:
    """What was read. ``attributes`` are the octets that the signature is over (a SET OF).

    Content and signer's certificate were held against the digests in the attributes; the signature
    and the chain were not. ``others`` are the certificates that came along.
    """

    content: bytes
    attributes: bytes
    algorithm: SignatureAlgorithm
    signature: bytes
    signed_at: datetime
    signer: Certificate
    others: tuple[bytes, ...]


def read_signed_content(der: bytes) -> SignedContent:
    """Read one ContentInfo of at most 16 MiB with SignedData of one signer.

    Raises:
        Malformed: another shape or algorithm, no certificate of the signer, or the attributes are
            about another content or certificate.
    """
    outer = codec.outermost(der, _WHAT, _LIMIT)
    if outer.oid() != oids.CMS_SIGNED_DATA:
        raise outer.bad("not SignedData")
    wrapper = outer.enter(codec.constructed(0))
    outer.finish()
    body = wrapper.enter()
    wrapper.finish()
    _version_1(body)
    _only_sha256(body.enter(codec.SET))
    content = _content(body.enter())
    certificates = _certificates(body.enter(codec.constructed(0)))
    signers = body.enter(codec.SET)
    body.finish()
    found = _signer(signers.enter(), content, certificates)
    signers.finish()
    return found


def _version_1(reader: codec.Reader) -> None:
    if reader.integer() != 1:
        raise reader.bad("not version 1")


def _only_sha256(reader: codec.Reader) -> None:
    algorithm = reader.enter()
    if algorithm.oid() != oids.SHA256:
        raise reader.bad("digest is not SHA-256")
    # RFC 5754 2: NULL parameters must be understood as well as absent ones.
    if algorithm.tag() != -1 and algorithm.rest() != codec.NULL:
        raise reader.bad("digest has parameters")
    reader.finish()


def _content(reader: codec.Reader) -> bytes:
    if reader.oid() != oids.CMS_DATA:
        raise reader.bad("content is not plain data")
    wrapper = reader.enter(codec.constructed(0))
    reader.finish()
    content = wrapper.take(codec.OCTET_STRING)
    wrapper.finish()
    return content


def _certificates(reader: codec.Reader) -> tuple[Certificate, ...]:
    found: list[Certificate] = []
    while reader.tag() != -1:
        found.append(read_certificate(reader.element(codec.SEQUENCE)))
    return tuple(found)


def _signer(
    reader: codec.Reader, content: bytes, certificates: tuple[Certificate, ...]
) -> SignedContent:
    _version_1(reader)
    name = reader.enter()
    issuer, serial = name.element(codec.SEQUENCE), name.integer()
    name.finish()
    certificate = next((each for each in certificates if _is(each, issuer, serial)), None)
    if certificate is None:
        raise reader.bad("the signer's certificate is missing")
    digest = reader.element(codec.SEQUENCE)
    _only_sha256(codec.Reader(digest, _WHAT))
    attributes = codec.SET.to_bytes() + reader.element(codec.constructed(0))[1:]
    algorithm = _algorithm(reader.element(codec.SEQUENCE))
    signature = reader.take(codec.OCTET_STRING)
    reader.finish()
    return SignedContent(
        content=content,
        attributes=attributes,
        algorithm=algorithm,
        signature=signature,
        signed_at=_signing_time(attributes, content, certificate),
        signer=certificate,
        others=tuple(each.der for each in certificates if each is not certificate),
    )


def _algorithm(der: bytes) -> SignatureAlgorithm:
    if der in _RSA_OF_THE_DIGEST:
        return SignatureAlgorithm.SHA256_RSA
    return algorithm_from_der(der)


def _is(certificate: Certificate, issuer: bytes, serial: int) -> bool:
    found = certificate.content
    return found.issuer_der == issuer and found.serial.value == serial


def _signing_time(attributes: bytes, content: bytes, certificate: Certificate) -> datetime:
    """When it says it was signed, once content and certificate are those it speaks of."""
    values = _values(codec.Reader(attributes, _WHAT).enter(codec.SET))
    reader = values[oids.CMS_CONTENT_TYPE]
    if reader.oid() != oids.CMS_DATA:
        raise reader.bad("the attributes are about another kind of content")
    digest = values[oids.CMS_MESSAGE_DIGEST]
    if digest.take(codec.OCTET_STRING) != hashlib.sha256(content).digest():
        raise reader.bad("the content was changed: its digest is another")
    certified = values[oids.CMS_SIGNING_CERTIFICATE_V2].enter().enter().enter()
    if certified.take(codec.OCTET_STRING) != hashlib.sha256(certificate.der).digest():
        raise reader.bad("signed with another certificate")
    time = values[oids.CMS_SIGNING_TIME]
    signed_at = time.time()
    for each in values.values():
        each.finish()
    return signed_at


def _values(reader: codec.Reader) -> dict[str, codec.Reader]:
    """The one value of each attribute."""
    found: dict[str, codec.Reader] = {}
    while reader.tag() != -1:
        attribute = reader.enter()
        kind = attribute.oid()
        if kind not in _ATTRIBUTES or kind in found:
            raise reader.bad("an attribute that is not expected, or one twice")
        found[kind] = attribute.enter(codec.SET)
        attribute.finish()
    if set(found) != _ATTRIBUTES:
        raise reader.bad("an attribute is missing")
    return found
