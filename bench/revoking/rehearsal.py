"""Cards to be revoked, and two people of the ZORG-ID team who sign for it."""

import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from issuance.register_operator import NewOperator, record_operator
from pki.domain.identifiers import ISSUED_SERIAL_MIN, SerialNumber
from pki.domain.people import SYSTEM, Role
from pki.ports import SystemClock, SystemEntropy
from pki.store.columns import to_ticks
from pki.store.writing import Store
from server.installation import Layout

MADE: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
SECOND: Final = "second"
_SERIAL_OCTETS: Final = 19
_CARD: Final = (
    "INSERT INTO cards (id, person_id, ura, card_number, order_key, ordered_at, state, state_at,"
    " serial) VALUES (?, ?, '90000111', ?, ?, ?, 'actief', ?, ?)"
)
_CERTIFICATE: Final = (
    "INSERT INTO certificates (serial, issuer, card_id, tbs, profile, key_sha256, created_at,"
    " lease_until, not_before, not_after, der, status)"
    " VALUES (?, 'token-ca-g1', ?, x'30', 'drill', ?, ?, ?, ?, ?, x'30', 'good')"
)


def fill(store: Path, count: int) -> list[SerialNumber]:
    """Active cards as issuing leaves them, without the issuing; serials scattered as those are."""
    begin, end = (to_ticks(each) for each in (MADE, MADE + timedelta(days=1095)))
    cards, certificates, serials = [], [], []
    for number in range(count):
        digest = sha256(b"%d" % number).digest()
        serial = SerialNumber(ISSUED_SERIAL_MIN + int.from_bytes(digest[:_SERIAL_OCTETS], "big"))
        card, octets = digest[:16].hex(), serial.to_bytes()
        cards.append((card, card, f"DRILL-{number:06d}", digest.hex(), begin, begin, octets))
        certificates.append((octets, card, digest, begin, begin, begin, end))
        serials.append(serial)
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.executemany(_CARD, cards)
        connection.executemany(_CERTIFICATE, certificates)
    return serials


def second_person(layout: Layout) -> None:
    """Another one of the team, with a client certificate of the Services CA."""
    passphrase = layout.secret("passphrase").read_bytes().strip()
    ca_key = load_pem_private_key(layout.key("services-ca-g1").read_bytes(), passphrase)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    ca = x509.load_pem_x509_certificate(layout.certificate("services-ca-g1").read_bytes())
    key, now = ec.generate_private_key(ec.SECP256R1()), SystemClock().now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SECOND)]))
        .issuer_name(ca.subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .public_key(key.public_key())
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem, secret = layout.operator(SECOND)
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    new = NewOperator(
        role=Role.ZORGID_TEAM, ura=None, certificate=certificate.public_bytes(Encoding.DER)
    )
    store = Store.open(f"sqlite:///{layout.store}", clock=SystemClock())
    try:
        store.write_sync(lambda session: record_operator(session, SystemEntropy(), new, SYSTEM))
    finally:
        store.close_sync()


def signed(layout: Layout, order: Path, who: str) -> Path:
    """The order as somebody signs it (docs/emergency.md)."""
    target = order.with_name(f"{who}.p7s")
    certificate, key = layout.operator(who)
    how = ("-binary", "-nodetach", "-nosmimecap", "-cades", "-md", "sha256")
    signer = ("-signer", str(certificate), "-inkey", str(key))
    files = ("-in", str(order), "-outform", "DER", "-out", str(target))
    words = ("openssl", "cms", "-sign", *how, *signer, *files)
    subprocess.run(words, check=True)
    return target
