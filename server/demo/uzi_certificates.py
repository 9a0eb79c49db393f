"""How the stand-in register's certificates are made: names, usages, policies and extensions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki.domain.uzi import UziName

UPN: Final = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
UZI_NAME: Final = x509.ObjectIdentifier("2.5.5.5")
DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12")
FILE_SYSTEM: Final = x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.4")
POLICY_AUTHENTICITY: Final = "2.16.528.1.1007.99.211"
POLICIES: Final = (POLICY_AUTHENTICITY, "2.16.528.1.1007.99.212", "2.16.528.1.1007.99.213")
_CA_PURPOSES: Final = (
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    DOCUMENT_SIGNING,
    FILE_SYSTEM,
    ExtendedKeyUsageOID.OCSP_SIGNING,
)
YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInCa:
    """One CA of the register."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PassSubject:
    """Whom a pass is for. ``title`` stands on a Zorgverlener pass only."""

    name: UziName
    organisation: str
    surname: str
    given_names: str
    title: str | None = None


def new_key(bits: int) -> rsa.RSAPrivateKey:
    """An RSA key pair, exponent 65537."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def der_string(tag: int, text: str) -> bytes:
    """A DER string of less than 128 octets under this tag (UTF8String 0x0C, IA5String 0x16)."""
    octets = text.encode()
    return bytes((tag, len(octets))) + octets


def _ca_name(common_name: str) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "CIBG"),
    ]
    if "UZI-register" in common_name:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, "NTRNL-50000535"))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


def pass_subject(subject: PassSubject) -> x509.Name:
    """The subject of a pass, in the register's order (CPS UZI-register 10.3, 7.1)."""
    pairs = [
        (NameOID.COUNTRY_NAME, "NL"),
        (NameOID.ORGANIZATION_NAME, subject.organisation),
        *([(NameOID.TITLE, subject.title)] if subject.title else []),
        (NameOID.SURNAME, subject.surname),
        (NameOID.GIVEN_NAME, subject.given_names),
        (NameOID.SERIAL_NUMBER, subject.name.uzi_number.value),
        (NameOID.COMMON_NAME, f"{subject.given_names} {subject.surname}"),
    ]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])


def usage(*names: str) -> x509.KeyUsage:
    """A key usage with exactly these bits."""
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})


def policies(oids: tuple[str, ...]) -> x509.CertificatePolicies:
    """These policies, without qualifiers."""
    found = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]
    return x509.CertificatePolicies(found)


def crl_points(url: str) -> x509.CRLDistributionPoints:
    """One CRL distribution point."""
    name = x509.UniformResourceIdentifier(url)
    return x509.CRLDistributionPoints(
        [
            x509.DistributionPoint(
                full_name=[name], relative_name=None, reasons=None, crl_issuer=None
            )
        ]
    )


def ca_certificate(
    name: str, key: rsa.RSAPrivateKey, issuer: StandInCa | None, *, at: datetime, crl: str
) -> x509.Certificate:
    """A CA's certificate: the root's when there is no issuer, else with policies and ``crl``."""
    leaf_issuer = "UZI-register" in name
    subject = _ca_name(name)
    signing_key = key if issuer is None else issuer.key
    builder = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .subject_name(subject)
        .not_valid_before(at)
        .not_valid_after(at + 10 * YEAR)
        .public_key(key.public_key())
        .add_extension(
            x509.BasicConstraints(ca=True, path_length=0 if leaf_issuer else None), critical=True
        )
        .add_extension(usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is not None:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = (
            builder.add_extension(authority, critical=False)
            .add_extension(policies(POLICIES), critical=False)
            .add_extension(crl_points(crl), critical=False)
        )
    if leaf_issuer:
        builder = builder.add_extension(x509.ExtendedKeyUsage(_CA_PURPOSES), critical=False)
    return builder.sign(signing_key, hashes.SHA256())


def ocsp_signer(issuer: StandInCa, key: rsa.RSAPrivateKey, *, at: datetime) -> x509.Certificate:
    """The certificate of the register's OCSP responder (RFC 6960 4.2.2.2)."""
    name = str(issuer.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .issuer_name(issuer.certificate.subject)
        .subject_name(_ca_name(f"OCSP responder {name}"[:64]))
        .not_valid_before(at)
        .not_valid_after(at + YEAR)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
        .sign(issuer.key, hashes.SHA256())
    )
