"""Which certificates are of ZORG-ID Mobiel."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki.domain.errors import ConfigurationInvalid, Refused
from pki.domain.reasons import RefusalReason
from pki.trust.mobiel.chain import MobielChains

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
Key = ec.EllipticCurvePrivateKey


def key_usage(*, signs: bool = True, ca: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


class Ca:
    def __init__(self, name: str = "ZORG-ID Mobiel CA") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self.sign(
            self.name,
            self.key,
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (key_usage(ca=True), True),
        )

    def sign(
        self, subject: x509.Name, key: Key, *extensions: tuple[x509.ExtensionType, bool]
    ) -> bytes:
        ski = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .serial_number(x509.random_serial_number())
            .public_key(key.public_key())
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + DAY)
        )
        for extension, critical in (*extensions, (ski, False), (aki, False)):
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def phone(
        self,
        usage: x509.KeyUsage | None = None,
        purpose: x509.ObjectIdentifier = CLIENT,
    ) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Jansen")])
        return self.sign(
            subject,
            key,
            (usage or key_usage(), True),
            (x509.ExtendedKeyUsage([purpose]), False),
        )


@pytest.fixture(scope="module")
def ca() -> Ca:
    return Ca()


def test_a_telephone_of_a_configured_ca(ca: Ca) -> None:
    MobielChains([Ca("an older one").certificate, ca.certificate]).verify_mobiel(ca.phone(), NOW)


def refused(ca: Ca, certificate: bytes, at: datetime = NOW) -> None:
    with pytest.raises(Refused) as raised:
        MobielChains([ca.certificate]).verify_mobiel(certificate, at)
    assert raised.value.reason is RefusalReason.MOBIEL_NOT_TRUSTED


def test_another_ca_of_the_same_name(ca: Ca) -> None:
    refused(ca, Ca().phone())


@pytest.mark.parametrize("at", [NOW - 2 * DAY, NOW + 2 * DAY])
def test_out_of_its_dates(ca: Ca, at: datetime) -> None:
    refused(ca, ca.phone(), at)


def test_for_something_else(ca: Ca) -> None:
    refused(ca, ca.phone(purpose=ExtendedKeyUsageOID.SERVER_AUTH))
    refused(ca, ca.phone(key_usage(signs=False)))
    refused(ca, ca.phone(key_usage(ca=True)))
    key = ec.generate_private_key(ec.SECP256R1())
    refused(ca, ca.sign(ca.name, key))
    refused(ca, ca.certificate)


@pytest.mark.parametrize("octets", [b"", b"\x30\x80", b"\x30" * 40_000])
def test_what_is_no_certificate(ca: Ca, octets: bytes) -> None:
    refused(ca, octets)


@pytest.mark.parametrize("issuers", [[], [b"no certificate"]])
def test_without_a_ca_nothing_begins(issuers: list[bytes]) -> None:
    with pytest.raises(ConfigurationInvalid):
        MobielChains(issuers)


def test_a_telephone_is_no_ca(ca: Ca) -> None:
    with pytest.raises(ConfigurationInvalid):
        MobielChains([ca.phone()])
