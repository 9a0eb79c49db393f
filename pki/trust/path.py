"""From a pass to a configured root: which issuing CA signed it (RFC 5280 6; docs/adr/0004)."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from pki.der.signed import split
from pki.domain.errors import ConfigurationInvalid, Malformed, Refused
from pki.domain.reasons import RefusalReason
from pki.domain.uzi import PassType
from pki.trust.settings import IssuingCa, UziTrustSettings

_LOG = logging.getLogger(__name__)

UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises of what it cannot read; the last three are no ValueError."""

_SIZE_LIMIT: Final = 32 * 1024
_UNDERSTOOD: Final = frozenset(
    kind.oid
    for kind in (
        x509.AuthorityInformationAccess,
        x509.AuthorityKeyIdentifier,
        x509.BasicConstraints,
        x509.CRLDistributionPoints,
        x509.CertificatePolicies,
        x509.ExtendedKeyUsage,
        x509.KeyUsage,
        x509.SubjectAlternativeName,
        x509.SubjectKeyIdentifier,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """An issuing CA, read: the certificates of its one key, and that key as SPKI DER."""

    pass_type: PassType
    oid_ca: str
    policies: frozenset[str]
    certificates: tuple[x509.Certificate, ...]
    public_key: bytes

    @property
    def subject(self) -> x509.Name:
        """The name it issues under."""
        return self.certificates[0].subject


def read_pass_certificate(der: bytes) -> x509.Certificate:
    """Read a certificate somebody sent.

    Raises:
        Malformed: too large, not a certificate, or with extensions that do not parse.
    """
    if len(der) > _SIZE_LIMIT:
        raise Malformed(what="pass certificate", message="certificate is too large")
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.extensions, certificate.subject, certificate.issuer
        _ = certificate.public_key()
    except UNREADABLE:
        raise Malformed(
            what="pass certificate", message="certificate cannot be read as X.509"
        ) from None
    return certificate


def trusted_cas(certificates: Iterable[bytes], *, key: str, next_step: str) -> Store:
    """What a path may end at: CA certificates (DER) that the setting ``key`` names.

    Raises:
        ConfigurationInvalid: there is none, or one cannot be read or is no CA.
    """

    def unusable(why: str) -> ConfigurationInvalid:
        return ConfigurationInvalid(key=key, message=f"setting {key}: {why}", next_step=next_step)

    trusted = []
    for der in certificates:
        try:
            certificate = read_pass_certificate(der)
            constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        except (Malformed, x509.ExtensionNotFound):
            raise unusable("one of them cannot be read or has no basicConstraints") from None
        if not constraints.value.ca:
            raise unusable(f"{certificate.subject.rfc4514_string()} is no CA")
        trusted.append(certificate)
    if not trusted:
        raise unusable("at least one is needed")
    return Store(trusted)


def public_key_of(certificate: x509.Certificate) -> bytes:
    """The certified key as DER SubjectPublicKeyInfo."""
    key = certificate.public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class PathValidator:
    """Validates paths whose CA certificates are all configured: a pass brings none of its own."""

    __slots__ = ("_algorithms", "_between", "_issuers", "_store")

    def __init__(self, settings: UziTrustSettings) -> None:
        """Read the configured certificates.

        Raises:
            ConfigurationInvalid: one is unreadable, no CA, signed with an algorithm that is not
            allowed, or an issuing CA's certificates differ in subject or key.
        """
        self._algorithms = settings.algorithms
        roots = _read_all("uzi.roots", settings.roots)
        between = _read_all("uzi.intermediates", settings.intermediates)
        issuers = tuple(map(_read_issuer, settings.issuers))
        if not roots or not issuers:
            raise _unusable("uzi.roots", "at least one root and one issuing CA are needed")
        issuing = [each for issuer in issuers for each in issuer.certificates]
        for certificate in (*between, *issuing):
            if not self._allows(certificate):
                name = certificate.subject.rfc4514_string()
                raise _unusable("uzi.algorithms", f"{name} is signed with one that is not allowed")
        self._store = Store(roots)
        self._between = [*between, *issuing]
        self._issuers = {(each.subject, each.public_key): each for each in issuers}
        if len(self._issuers) < len(issuers):
            raise _unusable("uzi.issuers", "one issuing CA is configured twice")

    def issuer_of(self, certificate: x509.Certificate, at: datetime) -> Issuer:
        """The issuing CA that signed ``certificate``, on a valid path to a root.

        The path is judged at the moment nearest to ``at`` at which the certificate itself was
        within its dates, so that a late pass still gets the reason that matters; its own dates
        are another check. Where the certificate is within its dates, that moment is ``at``.

        Raises:
            Refused: PASS_NOT_TRUSTED.
        """
        latest = min(at, certificate.not_valid_after_utc)
        moment = max(latest, certificate.not_valid_before_utc)
        unknown = [each.oid for each in certificate.extensions if each.critical]
        if not _UNDERSTOOD.issuperset(unknown):
            raise _not_trusted("a critical extension is not understood")
        if not self._allows(certificate):
            raise _not_trusted("signed with an algorithm that is not allowed")
        chain = self._chain(certificate, moment)
        issuer = None
        if len(chain) > 1:
            issuer = self._issuers.get((chain[1].subject, public_key_of(chain[1])))
        if issuer is None:
            raise _not_trusted("signed by a CA that issues no passes")
        return issuer

    def unusable_issuers(self, at: datetime) -> tuple[str, ...]:
        """The names of issuing CAs without any certificate that is on a valid path at ``at``."""
        return tuple(
            issuer.subject.rfc4514_string()
            for issuer in self._issuers.values()
            if not any(self._is_valid(each, at) for each in issuer.certificates)
        )

    def _is_valid(self, certificate: x509.Certificate, at: datetime) -> bool:
        try:
            self._chain(certificate, at)
        except Refused:
            return False
        return True

    def _allows(self, certificate: x509.Certificate) -> bool:
        try:
            parts = split(certificate.public_bytes(Encoding.DER))
        except Malformed:
            return False
        return parts.algorithm in self._algorithms

    def _chain(self, certificate: x509.Certificate, moment: datetime) -> list[x509.Certificate]:
        policies = PolicyBuilder().store(self._store).time(moment)
        policies = policies.extension_policies(ca_policy=CA_RULES, ee_policy=LEAF_RULES)
        try:
            return policies.build_client_verifier().verify(certificate, self._between).chain
        except VerificationError as error:
            _LOG.info("no path from a certificate to a UZI root: %s", _first_clause(error))
            raise _not_trusted("no valid path to a configured root") from None


def _first_clause(error: VerificationError) -> str:
    # What follows names the certificate's subject, which is personal data.
    return str(error).partition(" (encountered")[0]


def _may_sign_certificates(
    _policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage
) -> None:
    if not usage.key_cert_sign:
        raise ValueError("a CA certificate without keyCertSign")


def _is_ca(
    _policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints
) -> None:
    if not constraints.ca:
        raise ValueError("an issuer that is no CA")


CA_RULES: Final = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.CRITICAL, _is_ca)
    .require_present(x509.KeyUsage, Criticality.CRITICAL, _may_sign_certificates)
)
# What a pass must carry is checked by `uzi_pass`, each rule with its own reason.
LEAF_RULES: Final = ExtensionPolicy.permit_all()


def _read_all(key: str, ders: Iterable[bytes]) -> list[x509.Certificate]:
    try:
        certificates = [read_pass_certificate(der) for der in ders]
    except Malformed as error:
        raise _unusable(key, error.message) from None
    for certificate in certificates:
        _require_ca(key, certificate)
    return certificates


def _require_ca(key: str, certificate: x509.Certificate) -> None:
    name = certificate.subject.rfc4514_string()
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        raise _unusable(key, f"{name} has no basicConstraints or no keyUsage") from None
    if not (constraints.ca and usage.key_cert_sign and usage.crl_sign):
        raise _unusable(key, f"{name} may not sign certificates and CRLs")


def _read_issuer(ca: IssuingCa) -> Issuer:
    certificates = _read_all("uzi.issuers", ca.certificates)
    keys = {(each.subject, public_key_of(each)) for each in certificates}
    if len(keys) != 1:
        raise _unusable(
            "uzi.issuers", "the certificates of one issuing CA must share subject and key"
        )
    if not ca.policies:
        raise _unusable("uzi.issuers", "an issuing CA needs at least one authenticity policy")
    return Issuer(
        pass_type=ca.pass_type,
        oid_ca=ca.oid_ca,
        policies=ca.policies,
        certificates=tuple(certificates),
        public_key=public_key_of(certificates[0]),
    )


def _not_trusted(why: str) -> Refused:
    return Refused(reason=RefusalReason.PASS_NOT_TRUSTED, message=f"the pass is not trusted: {why}")


def _unusable(key: str, why: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key=key, message=f"setting {key}: {why}", next_step=f"correct {key} in the configuration"
    )
