"""A small PKI for tests of the status services, made by cryptography's builders and not by ours."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fakes.status import START
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import SignatureBroken
from pki.domain.identifiers import SerialNumber

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

SERIALS: Final = tuple(SerialNumber((1 << 156) + number) for number in range(1, 9))


@dataclass
class PlainSigner:
    """Signs at once with a key in memory; `fail` is raised instead when it is set."""

    key: Key
    fail: Exception | None = None
    signed: int = 0
    gate: asyncio.Event | None = None

    @property
    def algorithm(self) -> SignatureAlgorithm:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return SignatureAlgorithm.SHA256_RSA
        return SignatureAlgorithm.ECDSA_SHA256

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    async def sign(self, message: bytes) -> bytes:
        if self.gate is not None:
            await self.gate.wait()
        return self._sign(message)

    def _sign(self, message: bytes) -> bytes:
        if self.fail is not None:
            raise self.fail
        self.signed += 1
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, PKCS1v15(), hashes.SHA256())
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))


class QuickSigner(PlainSigner):
    """One that nobody waits for."""

    def sign_now(self, message: bytes) -> bytes:
        return self._sign(message)

    def verify(self, message: bytes, signature: bytes) -> None:
        key = self.key.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        try:
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise SignatureBroken(message="wrong") from None


@cache
def new_key(label: str, kind: str = "ec") -> Key:
    """One key a label, made once."""
    del label
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Practice"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: str, issuer: str, key: Key, *, start: datetime, days: int, ca: bool
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


@dataclass(frozen=True)
class PracticeCa:
    """A self-signed CA that can make responder and end-entity certificates."""

    common_name: str
    key: Key
    start: datetime = START - timedelta(days=1)

    @property
    def certificate(self) -> bytes:
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        return _made(self, usage)

    @cache  # noqa: B019 -- a handful of CAs live as long as the tests
    def responder(self, key: Key, *, start: datetime | None = None, days: int = 30) -> bytes:
        builder = _builder(
            "Responder",
            self.common_name,
            key,
            start=self.start if start is None else start,
            days=days,
            ca=False,
        )
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False
        ).add_extension(x509.OCSPNoCheck(), critical=False)
        return self._sign(builder.serial_number(x509.random_serial_number()))

    def card(self, serial: SerialNumber) -> bytes:
        key = new_key("card")
        builder = _builder(
            "Card", self.common_name, key, start=self.start, days=1000, ca=False
        ).serial_number(serial.value)
        return self._sign(builder)

    def _sign(self, builder: x509.CertificateBuilder) -> bytes:
        aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(aki, critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


@cache
def _made(ca: PracticeCa, usage: x509.KeyUsage) -> bytes:
    builder = _builder(ca.common_name, ca.common_name, ca.key, start=ca.start, days=3650, ca=True)
    builder = builder.add_extension(usage, critical=True).serial_number(1)
    return builder.sign(ca.key, hashes.SHA256()).public_bytes(Encoding.DER)
