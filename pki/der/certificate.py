"""Certificates (RFC 5280 4.1), version 3 with extensions: what is signed, written and read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pki.der import codec, extension_values, oids
from pki.der.algorithms import algorithm_from_der, algorithm_identifier
from pki.der.extensions import (
    AuthorityInfo,
    BasicConstraints,
    Extension,
    KeyUsage,
    Policy,
    encode_extensions,
    read_extensions,
)
from pki.der.names import DistinguishedName, read_name
from pki.der.signed import split
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed
from pki.domain.identifiers import SerialNumber

__all__ = [
    "Certificate",
    "CertificateContent",
    "Extension",
    "encode_tbs_certificate",
    "read_certificate",
    "read_issuer",
    "read_subject",
]

_WHAT: Final = "certificate"
_LIMIT: Final = 64 * 1024
_VERSION_3: Final = codec.explicit(0, codec.integer(2))


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateContent:
    """What a certificate says.

    Names and the public key (SubjectPublicKeyInfo) are DER, copied byte for byte. Times are UTC;
    fractions of a second are cut off when they are written.
    """

    serial: SerialNumber
    issuer_der: bytes
    subject_der: bytes
    not_before: datetime
    not_after: datetime
    public_key: bytes
    algorithm: SignatureAlgorithm
    extensions: tuple[Extension, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate that was read, not verified. ``tbs`` is what was signed, ``der`` the whole.

    The properties below read one extension each: None when it is absent, `Malformed` when it is
    not what it should be.
    """

    content: CertificateContent
    tbs: bytes
    signature: bytes
    der: bytes

    def extension(self, oid: str) -> Extension | None:
        """The extension of this type, if there is one."""
        return next((each for each in self.content.extensions if each.oid == oid), None)

    def _value(self, oid: str) -> bytes | None:
        found = self.extension(oid)
        return None if found is None else found.value

    @property
    def subject(self) -> DistinguishedName:
        """The subject, each attribute with its string type."""
        return read_name(self.content.subject_der)

    @property
    def issuer(self) -> DistinguishedName:
        """The issuer; to compare names, compare their bytes."""
        return read_name(self.content.issuer_der)

    @property
    def basic_constraints(self) -> BasicConstraints | None:
        """RFC 5280 4.2.1.9."""
        value = self._value(oids.BASIC_CONSTRAINTS)
        return None if value is None else extension_values.read_basic_constraints(value)

    @property
    def key_usage(self) -> frozenset[KeyUsage] | None:
        """RFC 5280 4.2.1.3."""
        value = self._value(oids.KEY_USAGE)
        return None if value is None else extension_values.read_key_usage(value)

    @property
    def extended_key_usage(self) -> tuple[str, ...] | None:
        """Object identifiers (RFC 5280 4.2.1.12)."""
        value = self._value(oids.EXTENDED_KEY_USAGE)
        return None if value is None else extension_values.read_extended_key_usage(value)

    @property
    def policies(self) -> tuple[Policy, ...] | None:
        """RFC 5280 4.2.1.4."""
        value = self._value(oids.CERTIFICATE_POLICIES)
        return None if value is None else extension_values.read_certificate_policies(value)

    @property
    def authority_info(self) -> AuthorityInfo | None:
        """Addresses of OCSP and of the issuer's certificate (RFC 5280 4.2.2.1)."""
        value = self._value(oids.AUTHORITY_INFO_ACCESS)
        return None if value is None else extension_values.read_authority_info_access(value)

    @property
    def crl_urls(self) -> tuple[str, ...] | None:
        """RFC 5280 4.2.1.13."""
        value = self._value(oids.CRL_DISTRIBUTION_POINTS)
        return None if value is None else extension_values.read_crl_distribution_points(value)

    @property
    def delta_urls(self) -> tuple[str, ...] | None:
        """Where delta CRLs are found (RFC 5280 4.2.1.15)."""
        value = self._value(oids.FRESHEST_CRL)
        return None if value is None else extension_values.read_crl_distribution_points(value)

    @property
    def authority_key_id(self) -> bytes | None:
        """Key identifier of the issuer (RFC 5280 4.2.1.1); None also when it names it otherwise."""
        value = self._value(oids.AUTHORITY_KEY_ID)
        return None if value is None else extension_values.read_authority_key_id(value)

    @property
    def subject_key_id(self) -> bytes | None:
        """RFC 5280 4.2.1.2."""
        value = self._value(oids.SUBJECT_KEY_ID)
        return None if value is None else extension_values.read_subject_key_id(value)


def encode_tbs_certificate(content: CertificateContent) -> bytes:
    """The bytes to be signed."""
    return codec.sequence(
        _VERSION_3,
        codec.integer(content.serial.value),
        algorithm_identifier(content.algorithm),
        content.issuer_der,
        codec.sequence(codec.time(content.not_before), codec.time(content.not_after)),
        content.subject_der,
        content.public_key,
        codec.explicit(3, encode_extensions(content.extensions)),
    )


def read_issuer(tbs: bytes) -> tuple[SignatureAlgorithm, bytes]:
    """What the bytes to be signed say of who signs: the algorithm, and the issuer's Name as DER.

    Raises:
        Malformed: they begin otherwise than those of a certificate of version 3.
    """
    _, algorithm, issuer_der = _read_start(codec.outermost(tbs, _WHAT, _LIMIT))
    return algorithm, issuer_der


def read_subject(der: bytes) -> bytes:
    """The subject's Name, as DER, of a whole certificate; what stands around it is stepped over.

    For certificates of our own, which were read and judged before they were released.

    Raises:
        Malformed: up to the subject it has not the form of a certificate of version 3.
    """
    body = codec.outermost(der, _WHAT, _LIMIT).enter()
    if body.tag() != codec.constructed(0) or body.element() != _VERSION_3:
        raise body.bad("not version 3")
    for tag in (codec.INTEGER, codec.SEQUENCE, codec.SEQUENCE, codec.SEQUENCE):
        body.element(tag)
    return body.element(codec.SEQUENCE)


def _read_start(body: codec.Reader) -> tuple[SerialNumber, SignatureAlgorithm, bytes]:
    if body.tag() != codec.constructed(0) or body.element() != _VERSION_3:
        raise body.bad("not version 3")
    serial = SerialNumber(body.integer())
    algorithm = algorithm_from_der(body.element(codec.SEQUENCE))
    return serial, algorithm, body.element(codec.SEQUENCE)


def _read_content(tbs: bytes) -> CertificateContent:
    body = codec.outermost(tbs, _WHAT, _LIMIT)
    serial, algorithm, issuer_der = _read_start(body)
    validity = body.enter()
    not_before, not_after = validity.time(), validity.time()
    validity.finish()
    subject_der = body.element(codec.SEQUENCE)
    public_key = body.element(codec.SEQUENCE)
    wrapper = body.enter(codec.constructed(3))
    body.finish()
    extensions = read_extensions(wrapper.enter())
    wrapper.finish()
    return CertificateContent(
        serial=serial,
        issuer_der=issuer_der,
        subject_der=subject_der,
        not_before=not_before,
        not_after=not_after,
        public_key=public_key,
        algorithm=algorithm,
        extensions=extensions,
    )


def read_certificate(der: bytes) -> Certificate:
    """Read one DER certificate of version 3 without unique identifiers; nothing is verified.

    Raises:
        Malformed: anything else, an algorithm not in use, or two different ones inside and outside.
    """
    parts = split(der, _WHAT, _LIMIT)
    content = _read_content(parts.tbs)
    if content.algorithm is not parts.algorithm:
        raise Malformed(what=_WHAT, message=f"{_WHAT}: two signature algorithms")
    return Certificate(content=content, tbs=parts.tbs, signature=parts.signature, der=der)
