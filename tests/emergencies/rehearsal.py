"""How an emergency begins: thousands of certificates in a store, and two people who sign."""

import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from issuance.register_operator import NewOperator, record_operator
from pki.domain.identifiers import ISSUED_SERIAL_MIN, SerialNumber, Ura
from pki.domain.people import SYSTEM, Role
from pki.ports import SystemClock, SystemEntropy
from pki.store.columns import to_ticks
from pki.store.writing import Store
from server.demo.telling.tools import environment
from server.installation import Layout

MADE = datetime(2026, 1, 5, 9, tzinfo=UTC)
HELD = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = "second"
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_CARD = (
    "INSERT INTO cards (id, person_id, ura, card_number, order_key, ordered_at, state, state_at,"
    " serial, reason) VALUES (?, ?, '90000111', ?, ?, ?, ?, ?, ?, ?)"
)
_TELEPHONE = (
    "INSERT INTO mobiel (id, person_id, ura, issuer, serial, certificate_sha256, state,"
    " registered_at, state_at) VALUES (?, ?, '90000111', 'mobiel-ca-g1', ?, ?, 'geregistreerd', ?,"
    " ?)"
)
_INVITATION = (
    "INSERT INTO mobiel_invitations (id, code_sha256, person_id, ura, expires_at)"
    " VALUES (?, ?, ?, '90000111', ?)"
)


def _certificate(issuer: str, of: str) -> str:
    return (
        f"INSERT INTO certificates (serial, issuer, {of}, tbs, profile, key_sha256, created_at,"  # noqa: S608 -- constants
        " lease_until, not_before, not_after, der, status, status_at)"
        f" VALUES (?, '{issuer}', ?, x'30', 'drill', ?, ?, ?, ?, ?, x'30', ?, ?)"
    )


def serial(number: int) -> SerialNumber:
    """Scattered, as those of a CA are."""
    digest = sha256(b"drill %d" % number).digest()
    return SerialNumber(ISSUED_SERIAL_MIN + int.from_bytes(digest[:19], "big"))


def fill(store: Path, count: int, held: Sequence[int] = ()) -> list[SerialNumber]:
    """Active cards as issuing leaves them, without the issuing; those of ``held`` are blocked."""
    made, block, end = (to_ticks(each) for each in (MADE, HELD, MADE + timedelta(days=1095)))
    cards, certificates, serials = [], [], [serial(number) for number in range(count)]
    for number, each in enumerate(serials):
        digest, octets = sha256(b"%d" % number).digest(), each.to_bytes()
        card_id, is_held = digest[:16].hex(), number in held
        state, at = ("geblokkeerd", block) if is_held else ("actief", made)
        name, reason = f"DRILL-{number:06d}", "verlies" if is_held else None
        cards.append((card_id, card_id, name, digest.hex(), made, state, at, octets, reason))
        status = ("hold", block) if is_held else ("good", None)
        certificates.append((octets, card_id, digest, made, made, made, end, *status))
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.executemany(_CARD, cards)
        connection.executemany(_certificate("token-ca-g1", "card_id"), certificates)
    return serials


def fill_telephones(store: Path, numbers: range) -> dict[str, SerialNumber]:
    """Registered ones, by their ids, one invited again; ``numbers`` are none that cards have."""
    made, end = to_ticks(MADE), to_ticks(MADE + timedelta(days=3650))
    telephones, certificates, found = [], [], dict[str, SerialNumber]()
    for number in numbers:
        digest, octets = sha256(b"%d" % number).digest(), serial(number).to_bytes()
        mobiel = digest[:16].hex()
        found[mobiel] = serial(number)
        telephones.append((mobiel, mobiel, octets, digest, made, made))
        certificates.append((octets, mobiel, digest, made, made, made, end, "good", None))
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.executemany(_TELEPHONE, telephones)
        connection.executemany(_certificate("mobiel-ca-g1", "mobiel_id"), certificates)
        again = next(iter(found))
        connection.execute(_INVITATION, (again, sha256(b"code").digest(), again, end))
    return found


def second_person(
    layout: Layout,
    role: Role = Role.ZORGID_TEAM,
    *,
    name: str = SECOND,
    key: PrivateKey | None = None,
) -> str:
    """Somebody else with a client certificate of the Services CA, registered with this role.

    Their key is P-256, or else ``key``.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    passphrase = layout.secret("passphrase").read_bytes().strip()
    ca_key = load_pem_private_key(layout.key("services-ca-g1").read_bytes(), passphrase)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    ca = x509.load_pem_x509_certificate(layout.certificate("services-ca-g1").read_bytes())
    now = SystemClock().now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(ca.subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .public_key(key.public_key())
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem, secret = layout.operator(name)
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    ura = None if role is Role.ZORGID_TEAM else Ura("90000382")
    new = NewOperator(role=role, ura=ura, certificate=certificate.public_bytes(Encoding.DER))
    store = Store.open(f"sqlite:///{layout.store}", clock=SystemClock())
    try:
        store.write_sync(lambda tx: record_operator(tx, SystemEntropy(), new, SYSTEM))
    finally:
        store.close_sync()
    return name


def signed(layout: Layout, order: Path, who: str, *more: str) -> Path:
    """The order as somebody signs it, with a program that is not ours (and ``more`` words)."""
    target = order.with_name(f"{who}.p7s")
    certificate, key = layout.operator(who)
    how = ("-binary", "-nodetach", "-nosmimecap", "-cades", "-md", "sha256")
    signer = ("-signer", str(certificate), "-inkey", str(key))
    files = ("-in", str(order), "-outform", "DER", "-out", str(target))
    words = ("openssl", "cms", "-sign", *how, *signer, *more, *files)
    subprocess.run(words, check=True, capture_output=True, env=environment(), timeout=120)
    return target
