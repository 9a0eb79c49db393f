"""A small UZI register for tests, made with cryptography's own builders.

Its shape is that of the genuine test register: root, level 2, one issuing CA for each type of pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from pki.domain.uzi import PassType
from pki.ports import SystemClock
from pki.trust.settings import IssuingCa, StatusSettings, UziTrustSettings

NOW = SystemClock().now().replace(microsecond=0)
"""Foreign OCSP builders write the time of the computer's clock into producedAt."""
DAY = timedelta(days=1)
CRL_URL = "http://uzi.test/cdp/n.crl"
OCSP_URL = "http://ocsp.uzi.test:8086"
HOSTS = frozenset({"uzi.test", "ocsp.uzi.test:8086"})
AUTHENTICITY = "2.16.528.1.1007.99.211"
SIGNATURE = "2.16.528.1.1007.99.212"
OID_CA = {
    PassType.ZORGVERLENER: "2.16.528.1.1007.99.217",
    PassType.MEDEWERKER_OP_NAAM: "2.16.528.1.1007.99.218",
    PassType.MEDEWERKER_NIET_OP_NAAM: "2.16.528.1.1007.99.219",
    PassType.SERVER: "2.16.528.1.1007.99.2110",
}
N_TEXT = "2.16.528.1.1007.99.218-1-900021219-N-90000382-00.000-00000000"
Z_TEXT = "2.16.528.1.1007.99.217-1-900030757-Z-90000380-01.015-00000000"
M_TEXT = "2.16.528.1.1007.99.219-1-900021219-M-90000382-00.000-00000000"
UTF8, PRINTABLE, IA5 = 0x0C, 0x13, 0x16


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def other_name(oid: str, text: str, tag: int) -> x509.OtherName:
    octets = text.encode()
    return x509.OtherName(x509.ObjectIdentifier(oid), bytes((tag, len(octets))) + octets)


def upn(text: str) -> x509.OtherName:
    return other_name("1.3.6.1.4.1.311.20.2.3", text, UTF8)


def uzi(text: str, tag: int = IA5) -> x509.OtherName:
    return other_name("2.5.5.5", text, tag)


def usage(*names: str) -> x509.KeyUsage:
    known = [
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    ]
    return x509.KeyUsage(**{each: each in names for each in known})


@dataclass(frozen=True, kw_only=True)
class Ca:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        return der(self.certificate)


@dataclass(frozen=True, kw_only=True)
class PassPlan:
    """A pass as it should be; tests replace what should be wrong."""

    names: Sequence[x509.GeneralName] = (upn("900021219@90000382"), uzi(N_TEXT))
    subject: Sequence[tuple[x509.ObjectIdentifier, str]] = (
        (NameOID.COUNTRY_NAME, "NL"),
        (NameOID.ORGANIZATION_NAME, "Tést Zorginstelling 03"),
        (NameOID.SURNAME, "van den Test-90002"),
        (NameOID.GIVEN_NAME, "Jan Piet"),
        (NameOID.SERIAL_NUMBER, "900021219"),
        (NameOID.COMMON_NAME, "Jan Piet van den Test-90002"),
    )
    string_types: Sequence[tuple[x509.ObjectIdentifier, int]] = ()
    key_usage: tuple[str, ...] = ("digital_signature",)
    key_usage_critical: bool = True
    purposes: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,)
    policies: Sequence[str] = (AUTHENTICITY,)
    is_ca: bool = False
    not_before: datetime = NOW - 30 * DAY
    not_after: datetime = NOW + 1000 * DAY
    crl_urls: Sequence[str] = (CRL_URL,)
    ocsp_urls: Sequence[str] = (OCSP_URL,)
    extra: Sequence[tuple[x509.ExtensionType, bool]] = ()
    leave_out: Sequence[type[x509.ExtensionType]] = ()


@dataclass(frozen=True, kw_only=True)
class Register:
    root: Ca
    level2: Ca
    issuing: dict[PassType, Ca]
    pass_key: rsa.RSAPrivateKey

    @property
    def n(self) -> Ca:
        return self.issuing[PassType.MEDEWERKER_OP_NAAM]

    @property
    def settings(self) -> UziTrustSettings:
        return UziTrustSettings(
            roots=(self.root.der,),
            intermediates=(self.level2.der,),
            issuers=tuple(
                IssuingCa(
                    certificates=(ca.der,),
                    pass_type=kind,
                    oid_ca=OID_CA[kind],
                    policies=frozenset({AUTHENTICITY}),
                )
                for kind, ca in self.issuing.items()
            ),
            status=StatusSettings(hosts=HOSTS),
        )

    def issue(
        self,
        plan: PassPlan | None = None,
        *,
        by: PassType = PassType.MEDEWERKER_OP_NAAM,
        issuer: Ca | None = None,
        pss: bool = False,
        digest: hashes.SHA256 | hashes.SHA512 | None = None,
    ) -> x509.Certificate:
        plan = plan or PassPlan()
        ca = issuer or self.issuing[by]
        types = {NameOID.COUNTRY_NAME: PRINTABLE, NameOID.SERIAL_NUMBER: PRINTABLE}
        types |= dict(plan.string_types)
        attributes = [
            x509.NameAttribute(oid, value, x509.name._ASN1Type(types.get(oid, UTF8)))
            for oid, value in plan.subject
        ]
        builder = (
            x509.CertificateBuilder()
            .serial_number(x509.random_serial_number())
            .issuer_name(ca.certificate.subject)
            .subject_name(x509.Name(attributes))
            .not_valid_before(plan.not_before)
            .not_valid_after(plan.not_after)
            .public_key(self.pass_key.public_key())
        )
        for value, critical in _extensions(plan, ca, self.pass_key):
            if not isinstance(value, tuple(plan.leave_out)):
                builder = builder.add_extension(value, critical)
        if not pss:
            return builder.sign(ca.key, digest or hashes.SHA256())
        salted = padding.PSS(padding.MGF1(hashes.SHA512()), 64)
        return builder.sign(ca.key, hashes.SHA512(), rsa_padding=salted)

    def crl(
        self,
        *serials: int,
        by: Ca | None = None,
        signed_by: Ca | None = None,
        this_update: datetime = NOW,
        next_update: datetime = NOW + 2 * DAY,
        number: int = 1,
        extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
        pss: bool = False,
    ) -> bytes:
        ca = by or self.n
        key = (signed_by or ca).key
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(ca.certificate.subject)
            .last_update(this_update)
            .next_update(next_update)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for value, critical in extra:
            builder = builder.add_extension(value, critical)
        for serial in serials:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW)
            builder = builder.add_revoked_certificate(entry.build())
        if not pss:
            return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
        salted = padding.PSS(padding.MGF1(hashes.SHA512()), 64)
        return builder.sign(key, hashes.SHA512(), rsa_padding=salted).public_bytes(Encoding.DER)


def _extensions(
    plan: PassPlan, ca: Ca, key: rsa.RSAPrivateKey
) -> list[tuple[x509.ExtensionType, bool]]:
    uris = [x509.UniformResourceIdentifier(each) for each in plan.ocsp_urls]
    points = [
        x509.DistributionPoint([x509.UniformResourceIdentifier(each)], None, None, None)
        for each in plan.crl_urls
    ]
    policies = [x509.PolicyInformation(x509.ObjectIdentifier(each), None) for each in plan.policies]
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.SubjectAlternativeName(plan.names), False),
        (x509.BasicConstraints(ca=plan.is_ca, path_length=None), True),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), False),
        (x509.CertificatePolicies(policies), False),
        (x509.ExtendedKeyUsage(plan.purposes), False),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (usage(*plan.key_usage), plan.key_usage_critical),
        *plan.extra,
    ]
    if uris:
        ocsp = AuthorityInformationAccessOID.OCSP
        access = [x509.AccessDescription(ocsp, uri) for uri in uris]
        found.append((x509.AuthorityInformationAccess(access), False))
    if points:
        found.append((x509.CRLDistributionPoints(points), False))
    return found


def make_ca(
    name: str,
    issuer: Ca | None,
    *,
    key: rsa.RSAPrivateKey | None = None,
    path_length: int | None = None,
    start: datetime = NOW - 2000 * DAY,
    end: datetime = NOW + 2000 * DAY,
    key_usage: tuple[str, ...] = ("key_cert_sign", "crl_sign"),
    is_ca: bool = True,
    pss: bool = False,
) -> Ca:
    key = key or new_key()
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "CIBG"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .subject_name(subject)
        .not_valid_before(start)
        .not_valid_after(end)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(usage(*key_usage), critical=True)
    )
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if pss:
        salted = padding.PSS(padding.MGF1(hashes.SHA512()), 64)
        return Ca(certificate=builder.sign(signer, hashes.SHA512(), rsa_padding=salted), key=key)
    return Ca(certificate=builder.sign(signer, hashes.SHA256()), key=key)


def make_register(*, pss: bool = False) -> Register:
    root = make_ca("TEST root", None, pss=pss)
    level2 = make_ca("TEST level 2", root, pss=pss)
    issuing = {
        kind: make_ca(f"TEST UZI CA {kind.value}", level2, path_length=0, pss=pss)
        for kind in PassType
    }
    return Register(root=root, level2=level2, issuing=issuing, pass_key=new_key())
