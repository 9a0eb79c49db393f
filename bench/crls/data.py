"""The same revocations for both sides: rows of a store, and an index of openssl's."""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pki.domain.identifiers import ISSUED_SERIAL_MIN, SerialNumber
from pki.domain.reasons import RevocationReason
from pki.store.columns import to_ticks
from pki.store.migrate import migrate

ISSUER: Final = "token-ca-g1"
SINCE: Final = datetime(2026, 1, 1, tzinfo=UTC)
CHANGING: Final = SerialNumber((1 << 159) - 1)
"""The certificate that is blocked and unblocked between builds; good at first."""

_OPENSSL: Final = {
    None: "",
    RevocationReason.KEY_COMPROMISE: ",keyCompromise",
    RevocationReason.SUPERSEDED: ",superseded",
    RevocationReason.CESSATION_OF_OPERATION: ",cessationOfOperation",
}
_HOLD: Final = ",certificateHold"
_COLUMNS: Final = (
    "serial, issuer, card_id, tbs, profile, key_sha256, created_at, lease_until, not_before,"
    " not_after, status, status_at, status_reason"
)

Listed = tuple[SerialNumber, datetime, RevocationReason | None, bool]
"""Serial, date, reason, and whether it is a hold."""


def revocations(count: int) -> Iterator[Listed]:
    """As many as asked, the same each time, by rising serial; one in fifty is a hold."""
    chance = random.Random(count)  # noqa: S311 -- the same data each time, no secret
    span = (1 << 159) - 1 - ISSUED_SERIAL_MIN
    serials = sorted(ISSUED_SERIAL_MIN + chance.randrange(span) for _ in range(count))
    reasons = tuple(_OPENSSL)
    for number, serial in enumerate(serials):
        at = SINCE + timedelta(seconds=number * 7 % 20_000_000)
        hold = chance.random() < 0.02  # noqa: PLR2004 -- one in fifty
        yield SerialNumber(serial), at, None if hold else chance.choice(reasons), hold


def make_store(path: Path, count: int) -> str:
    """A store whose CA has these certificates, and `CHANGING`; its URL."""
    url = f"sqlite:///{path}"
    migrate(url)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys=OFF")
    start, end = to_ticks(SINCE), to_ticks(SINCE + timedelta(days=1095))
    fixed = (ISSUER, "0" * 32, b"", "bench", b"", start, start, start, end)
    statement = f"INSERT INTO certificates ({_COLUMNS}) VALUES ({','.join('?' * 13)})"  # noqa: S608 -- fixed text
    with connection:
        connection.executemany(
            statement,
            (
                (serial.to_bytes(), *fixed, "hold" if hold else "revoked", to_ticks(at), reason)
                for serial, at, reason, hold in revocations(count)
            ),
        )
        connection.execute(statement, (CHANGING.to_bytes(), *fixed, "good", None, None))
    connection.close()
    return url


def make_index(path: Path, count: int) -> None:
    """The same as openssl's ``ca`` keeps it."""
    with path.open("w", encoding="ascii") as index:
        for serial, at, reason, hold in revocations(count):
            why = _HOLD if hold else _OPENSSL[reason]
            fields = ("R", "290101000000Z", f"{at:%y%m%d%H%M%SZ}{why}", f"{serial.hex.upper()}")
            index.write("\t".join((*fields, "unknown", "/CN=x")) + "\n")


def command(config: Path, key: Path, certificate: Path, out: Path) -> Sequence[str]:
    """How openssl is asked for its CRL."""
    files = {"-config": config, "-keyfile": key, "-cert": certificate, "-out": out}
    pairs = [text for name, path in files.items() for text in (name, str(path))]
    return ["openssl", "ca", "-gencrl", "-crlhours", "48", *pairs]


def config_text(index: Path, number: Path) -> str:
    """A configuration of openssl's ``ca`` for CRLs with the extensions that ours have."""
    return (
        "[ca]\ndefault_ca = d\n[d]\n"
        f"database = {index}\ncrlnumber = {number}\ndefault_md = sha256\ncrl_extensions = e\n"
        "[e]\nauthorityKeyIdentifier = keyid\n"
    )
