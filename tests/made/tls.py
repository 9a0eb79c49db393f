"""Server and client certificates for TLS on loopback, good and bad ones."""

import ipaddress
import ssl
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
CLIENTS = ("team", "manager", "nobody", "expired", "foreign")


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class TlsMade:
    """One CA for server and clients; client ``expired`` is late, ``foreign`` of another CA."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.folder = folder
        self._now = now
        self._ca = self._new_ca("Services CA")
        foreign = self._new_ca("Another CA")
        self._certificates: dict[str, x509.Certificate] = {}
        self._write("server", self._ca, ExtendedKeyUsageOID.SERVER_AUTH)
        for who in CLIENTS:
            ca = foreign if who == "foreign" else self._ca
            self._write(who, ca, ExtendedKeyUsageOID.CLIENT_AUTH)
        pem = self._ca[0].public_bytes(Encoding.PEM)
        (folder / "ca.pem").write_bytes(pem)

    def der(self, who: str) -> bytes:
        return self._certificates[who].public_bytes(Encoding.DER)

    def server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.folder / "ca.pem")
        context.load_cert_chain(self.folder / "server.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def client_context(self, who: str | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        if who is not None:
            context.load_cert_chain(self.folder / f"{who}.pem")
        return context

    def _new_ca(self, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name(name), _name(name), key, self._now + DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        return builder.sign(key, hashes.SHA256()), key

    def _builder(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        until: datetime,
    ) -> x509.CertificateBuilder:
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .serial_number(x509.random_serial_number())
            .public_key(key.public_key())
            .not_valid_before(self._now - 2 * DAY)
            .not_valid_after(until)
            .add_extension(identifier, critical=False)
        )

    def _write(
        self,
        who: str,
        ca: tuple[x509.Certificate, ec.EllipticCurvePrivateKey],
        purpose: x509.ObjectIdentifier,
    ) -> None:
        issuer, ca_key = ca
        key = ec.generate_private_key(ec.SECP256R1())
        until = self._now - DAY if who == "expired" else self._now + DAY
        names = [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
        certificate = (
            self._builder(_name(who), issuer.subject, key, until)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(authority, critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        self._certificates[who] = certificate
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = self.folder / f"{who}.pem"
        path.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
