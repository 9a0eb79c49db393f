"""Recipients of backups, and backups in memory."""

import io
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pki.ports import SystemEntropy
from server.commands.backup.archive import Source, archive_size, write_archive
from server.commands.backup.envelope import EnvelopeWriter
from server.commands.backup.manifest import FileEntry, Manifest

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@cache
def recipient_key(name: str) -> rsa.RSAPrivateKey:
    del name
    return rsa.generate_private_key(65537, 2048)


def certified(name: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=3650))
        .sign(key, SHA256())
    )


def recipient(name: str) -> x509.Certificate:
    return certified(name, recipient_key(name))


def write_recipient(folder: Path, name: str) -> tuple[Path, Path]:
    """Certificate and key, as PEM files."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key.pem"
    certificate.write_bytes(recipient(name).public_bytes(Encoding.PEM))
    plain = recipient_key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key.write_bytes(plain)
    return certificate, key


def sealed(content: bytes, *names: str) -> bytes:
    """Any content in an envelope."""
    out = io.BytesIO()
    writer = EnvelopeWriter(
        out,
        recipients=[recipient(name) for name in names],
        size=len(content),
        entropy=SystemEntropy(),
    )
    writer.write(content)
    writer.finish()
    return out.getvalue()


def manifest(*files: FileEntry) -> Manifest:
    return Manifest(
        made_at="2026-11-22T12:00:00.000000Z",
        program="0.1.0",
        installation="00" * 16,
        kind="practice",
        schema="0001",
        position=3,
        digest="ab" * 32,
        crls={"token-ca-g1": 2},
        issuing="token-ca-g1",
        store="store/zorgid.sqlite3",
        configuration="zorgid.toml",
        files=files,
    )


STORE = Source(name="store/zorgid.sqlite3", content=b"not really a store" * 100)
CONFIG = Source(name="zorgid.toml", content=b"[installation]\n")
SECRET = Source(name="secrets/passphrase", content=b"0123456789abcdef")
SOURCES = (CONFIG, SECRET, STORE)


def archived(whole: Manifest, sources: tuple[Source, ...] = SOURCES) -> bytes:
    """An archive of these sources under this manifest, whether they fit or not."""
    entries = [source.entry() for source in sources]
    octets = whole.to_json()
    out = io.BytesIO()
    write_archive(octets, sources, entries, out.write)
    assert len(out.getvalue()) == archive_size(octets, entries)
    return out.getvalue()


def flipped(octets: bytes, place: int) -> bytes:
    changed = bytearray(octets)
    changed[place] ^= 0x10
    return bytes(changed)
