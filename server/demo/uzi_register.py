"""A stand-in for the UZI register, shaped like the genuine test register; practice only.

Root → level 2 → issuing CAs for passes of type Z, N, M and S. Names, key sizes, key usages,
policies and the two otherNames follow certificates of the genuine test environment (CPS UZI-
register 10.3, 7.1); every CN begins with ``STAND-IN`` so that nobody takes one for the other. It is
made with cryptography's builders, on purpose not with this project's own DER writer: what reads it
here is tested against a stranger.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from pki.domain.uzi import PassType
from server.demo.uzi_certificates import (
    DOCUMENT_SIGNING,
    POLICY_AUTHENTICITY,
    UPN,
    UZI_NAME,
    YEAR,
    PassSubject,
    StandInCa,
    ca_certificate,
    crl_points,
    der_string,
    new_key,
    ocsp_signer,
    pass_subject,
    policies,
    usage,
)

__all__ = ["OID_CA", "IssuedPass", "PassSubject", "StandInCa", "StandInRegister"]

OID_CA: Final = {
    PassType.ZORGVERLENER: "2.16.528.1.1007.99.217",
    PassType.MEDEWERKER_OP_NAAM: "2.16.528.1.1007.99.218",
    PassType.MEDEWERKER_NIET_OP_NAAM: "2.16.528.1.1007.99.219",
    PassType.SERVER: "2.16.528.1.1007.99.2110",
}
_ROOT_NAME: Final = "STAND-IN Zorg CSP Root CA G3"
_LEVEL2_NAME: Final = "STAND-IN Zorg CSP Level 2 Persoon CA G3"
_CA_NAMES: Final = {
    PassType.ZORGVERLENER: "STAND-IN UZI-register Zorgverlener CA G3",
    PassType.MEDEWERKER_OP_NAAM: "STAND-IN UZI-register Medewerker op naam CA G3",
    PassType.MEDEWERKER_NIET_OP_NAAM: "STAND-IN UZI-register Medewerker niet op naam CA G3",
    PassType.SERVER: "STAND-IN UZI-register Private Server CA G3",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPass:
    """The authenticity certificate of a pass and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    pass_type: PassType


@dataclass(slots=True, kw_only=True)
class StandInRegister:
    """The register: its CAs, and which passes are revoked."""

    root: StandInCa
    level2: StandInCa
    issuing: dict[PassType, StandInCa]
    ocsp_signer: StandInCa
    crl_url: str
    ocsp_url: str
    now: Callable[[], datetime]
    revoked: dict[int, datetime] = field(default_factory=dict)
    crl_number: int = 31730

    @classmethod
    def create(
        cls, *, crl_url: str, ocsp_url: str, now: Callable[[], datetime], ca_bits: int = 4096
    ) -> "StandInRegister":
        """Make the whole hierarchy; the URLs are written into certificates. Takes a few seconds."""
        wanted = (*(ca_bits for _ in range(2 + len(_CA_NAMES))), 2048)
        with ThreadPoolExecutor(2) as pool:
            keys = list(pool.map(new_key, wanted))
        root_key, level2_key, signer_key = keys[0], keys[1], keys[-1]
        crl_base = crl_url.rpartition("/")[0]
        at = now() - timedelta(days=1)
        root = StandInCa(
            key=root_key,
            certificate=ca_certificate(
                "STAND-IN Zorg CSP Root CA G3", root_key, None, at=at, crl=""
            ),
        )
        root_crl, level2_crl = f"{crl_base}/root.crl", f"{crl_base}/level2.crl"
        level2 = StandInCa(
            key=level2_key,
            certificate=ca_certificate(_LEVEL2_NAME, level2_key, root, at=at, crl=root_crl),
        )
        issuing = {
            kind: StandInCa(
                key=key, certificate=ca_certificate(name, key, level2, at=at, crl=level2_crl)
            )
            for (kind, name), key in zip(_CA_NAMES.items(), keys[2:-1], strict=True)
        }
        signer_certificate = ocsp_signer(issuing[PassType.MEDEWERKER_OP_NAAM], signer_key, at=at)
        return cls(
            root=root,
            level2=level2,
            issuing=issuing,
            ocsp_signer=StandInCa(key=signer_key, certificate=signer_certificate),
            crl_url=crl_url,
            ocsp_url=ocsp_url,
            now=now,
        )

    def issue(
        self, subject: PassSubject, *, not_before: datetime | None = None, years: int = 3
    ) -> IssuedPass:
        """Make a pass of the subject's type, from the CA of that type."""
        kind = subject.name.pass_type
        issuer = self.issuing[kind]
        key = new_key(2048)
        start = (not_before or self.now() - timedelta(days=30)).replace(microsecond=0)
        builder = (
            x509.CertificateBuilder()
            .serial_number(x509.random_serial_number())
            .issuer_name(issuer.certificate.subject)
            .subject_name(pass_subject(subject))
            .not_valid_before(start)
            .not_valid_after(start + years * YEAR)
            .public_key(key.public_key())
        )
        for extension, critical in self._pass_extensions(subject, issuer, key):
            builder = builder.add_extension(extension, critical=critical)
        certificate = builder.sign(issuer.key, hashes.SHA256())
        return IssuedPass(certificate=certificate, key=key, pass_type=kind)

    def _pass_extensions(
        self, subject: PassSubject, issuer: StandInCa, key: rsa.RSAPrivateKey
    ) -> list[tuple[x509.ExtensionType, bool]]:
        upn = x509.OtherName(UPN, der_string(0x0C, subject.name.upn))
        name = x509.OtherName(UZI_NAME, der_string(0x16, subject.name.text))
        access = [
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(self.ocsp_url)
            )
        ]
        return [
            (x509.SubjectAlternativeName([upn, name]), False),
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False),
            (x509.AuthorityInformationAccess(access), False),
            (policies((POLICY_AUTHENTICITY,)), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, DOCUMENT_SIGNING]), False),
            (crl_points(self.crl_url), False),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            (usage("digital_signature"), True),
        ]

    def revoke(self, certificate: x509.Certificate) -> None:
        """Put a pass on the CRL; OCSP says so too."""
        self.revoked[certificate.serial_number] = self.now()

    def crl(self) -> bytes:
        """A fresh full CRL of the N CA, DER: no reason codes, 48 hours, as the register's are."""
        issuer = self.issuing[PassType.MEDEWERKER_OP_NAAM]
        self.crl_number += 1
        at = self.now().replace(microsecond=0)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(at)
            .next_update(at + timedelta(hours=48))
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
                critical=False,
            )
            .add_extension(x509.CRLNumber(self.crl_number), critical=False)
        )
        for serial, when in sorted(self.revoked.items()):
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def sign_without_rules(self, like: IssuedPass, *, pass_type: PassType) -> IssuedPass:
        """The same content signed by the CA of another pass type: it must be refused."""
        issuer = self.issuing[pass_type]
        old = like.certificate
        builder = (
            x509.CertificateBuilder()
            .serial_number(x509.random_serial_number())
            .issuer_name(issuer.certificate.subject)
            .subject_name(old.subject)
            .not_valid_before(old.not_valid_before_utc)
            .not_valid_after(old.not_valid_after_utc)
            .public_key(like.key.public_key())
        )
        for extension in old.extensions:
            value = extension.value
            if isinstance(value, x509.AuthorityKeyIdentifier):
                value = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
            builder = builder.add_extension(value, critical=extension.critical)
        return replace(like, certificate=builder.sign(issuer.key, hashes.SHA256()))
