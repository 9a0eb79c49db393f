"""Issuing with its two transactions: intent before the signature, certificate after it."""

import hashlib
from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ca.authority import CertificationAuthority
from ca.prepare import Prepared
from pki.domain.cards import Card, Ordered
from pki.domain.events import CertificateIntended, CertificateIssued
from pki.domain.identifiers import CardId, CardNumber, IdempotencyKey, PersonId, Ura
from pki.domain.people import SYSTEM
from pki.domain.records import Intent, IssuedCertificate
from pki.ports import SystemClock, SystemEntropy
from pki.store.migrate import migrate
from pki.store.writing import Store, WriteSession

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
ENTROPY = SystemEntropy()
LEASE = timedelta(seconds=30)


@contextmanager
def stored(folder: Path) -> "Iterator[Store]":
    """A new SQLite store, durable as in production."""
    url = f"sqlite:///{folder / 'bench.sqlite3'}"
    migrate(url)
    store = Store.open(url, clock=SystemClock())
    try:
        yield store
    finally:
        store.close_sync()


async def issue_stored(
    ca: CertificationAuthority, store: Store, prepare: Callable[[], Prepared]
) -> bytes:
    """One certificate as the registration authority has it made, the order of the card included."""
    prepared = prepare()
    card = _card(SystemClock().now())
    # The store refuses a key that it has seen; making a new one each time would be the benchmark.
    key = ENTROPY.octets(32)

    def intend(session: WriteSession) -> None:
        session.put_card(card)
        session.put_intent(_intent(ca, card, prepared, key, session.now))
        session.record(
            CertificateIntended(
                card=card.id,
                issuer=ca.issuer,
                serial=prepared.serial,
                tbs_sha256=hashlib.sha256(prepared.tbs).hexdigest(),
                profile=prepared.profile,
            ),
            SYSTEM,
        )

    await store.write(intend)
    certificate = await ca.sign(prepared.tbs)

    def finish(session: WriteSession) -> None:
        session.put_certificate(_issued(ca, card, prepared, key, certificate))
        digest = hashlib.sha256(certificate).hexdigest()
        event = CertificateIssued(
            card=card.id, issuer=ca.issuer, serial=prepared.serial, certificate_sha256=digest
        )
        session.record(event, SYSTEM)

    await store.write(finish)
    return certificate


def _intent(
    ca: CertificationAuthority, card: Card, prepared: Prepared, key: bytes, now: datetime
) -> Intent:
    return Intent(
        serial=prepared.serial,
        issuer=ca.issuer,
        card_id=card.id,
        tbs=prepared.tbs,
        profile=prepared.profile,
        key_sha256=key,
        created_at=now,
        lease_until=now + LEASE,
        not_after=prepared.not_after,
    )


def _issued(
    ca: CertificationAuthority, card: Card, prepared: Prepared, key: bytes, der: bytes
) -> IssuedCertificate:
    return IssuedCertificate(
        serial=prepared.serial,
        issuer=ca.issuer,
        card_id=card.id,
        der=der,
        not_before=prepared.not_before,
        not_after=prepared.not_after,
        key_sha256=key,
    )


def _card(now: datetime) -> Card:
    name = ENTROPY.octets(16).hex()
    return Card(
        id=CardId(ENTROPY.octets(16).hex()),
        person_id=PersonId(ENTROPY.octets(16).hex()),
        ura=Ura("90000382"),
        card_number=CardNumber(f"BENCH-{name[:16].upper()}"),
        order_key=IdempotencyKey(name),
        phase=Ordered(at=now),
    )
