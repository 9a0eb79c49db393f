"""Stand-ins for the ports of the status services: a clock, a store with its journal."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, TypeVar

from crl.ports import Publication, Snapshot
from pki.domain.errors import Conflict, StoreUnavailable
from pki.domain.events import (
    CardBlocked,
    CardRevoked,
    CardUnblocked,
    CertificateIssued,
    CrlPublished,
    Event,
    touched,
)
from pki.domain.identifiers import CardId, IssuerId, SerialNumber
from pki.domain.journal import GENESIS, JournalEntry, JournalHead, append
from pki.domain.people import SYSTEM
from pki.domain.reasons import BlockReason, RevokeReason
from pki.domain.records import ChangedCertificate, CrlList, ListedRow, PublishedCrl
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from status_side.listed_rows import listed_rows

T = TypeVar("T")
START: Final = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """A clock that moves when it is told to."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def __post_init__(self) -> None:
        self._began, self._booted = self.at, time.monotonic()

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        """Seconds that passed, whatever the clock was set to in between."""
        return self._booted + (self.at - self._began).total_seconds()

    def set_by(self, seconds: float) -> None:
        """Someone sets the clock; no time passes."""
        self.at += timedelta(seconds=seconds)
        self._began += timedelta(seconds=seconds)


ISSUER: Final = IssuerId("token-ca-g1")
CARD: Final = CardId("0" * 32)


@dataclass
class FakeStore:
    """Statuses and a journal in memory; it fails closed when `broken` is set.

    ``listeners`` hear of an entry at once, before `change` returns. With a ``gate`` a reader holds
    what it read until the gate opens, as a slow connection would.
    """

    clock: FakeClock
    issuer: IssuerId = ISSUER
    statuses: dict[SerialNumber, CertificateStatus] = field(default_factory=dict)
    journal: list[JournalEntry] = field(default_factory=list)
    listeners: list[Callable[[Sequence[JournalEntry]], None]] = field(default_factory=list)
    broken: bool = False
    hangs: bool = False
    age: float = 0.0
    reads: int = 0
    gate: asyncio.Event | None = None
    held: asyncio.Event = field(default_factory=asyncio.Event)

    async def status(self, issuer: IssuerId, serial: SerialNumber) -> CertificateStatus | None:
        self.reads += 1
        if self.broken:
            raise StoreUnavailable(message="down", next_step="start it")
        if self.hangs:
            await asyncio.Event().wait()
        found = self.statuses.get(serial) if issuer == self.issuer else None
        if self.gate is not None:
            self.held.set()
            await self.gate.wait()
        return found

    def contact_age(self) -> float:
        return self.age

    def record(self, event: Event) -> JournalEntry:
        last = self.journal[-1] if self.journal else None
        head = JournalHead(
            position=last.position if last else 0, digest=last.digest if last else GENESIS
        )
        entry = append(head, at=self.clock.now(), actor=SYSTEM, event=event)
        self.journal.append(entry)
        for listener in self.listeners:
            listener((entry,))
        return entry

    def change(self, serial: SerialNumber, status: CertificateStatus) -> JournalEntry:
        """Commit a status, whatever the one before."""
        self.statuses[serial] = status
        return self.record(self._event(serial, status))

    def _event(self, serial: SerialNumber, status: CertificateStatus) -> Event:
        issuer = self.issuer
        match status:
            case Good():
                return CardUnblocked(card=CARD, issuer=issuer, serial=serial)
            case OnHold():
                reason = BlockReason.LOSS
                return CardBlocked(card=CARD, issuer=issuer, serial=serial, reason=reason)
            case Revoked(at=at):
                return CardRevoked(
                    card=CARD,
                    issuer=issuer,
                    serial=serial,
                    reason=RevokeReason.DEFECT,
                    revoked_at=at,
                )
            case Unconfirmed():
                return CertificateIssued(
                    card=CARD, issuer=issuer, serial=serial, certificate_sha256="00" * 32
                )


@dataclass
class FakeCrlStore:
    """CRLs beside a `FakeStore`; ``broken`` of the store breaks this too."""

    store: FakeStore
    published: list[PublishedCrl] = field(default_factory=list)
    conflict: bool = False
    floor: int = 0
    collected: int = 0
    told: asyncio.Event = field(default_factory=asyncio.Event)

    async def look(self, crl_list: CrlList, query: Callable[[Snapshot], T]) -> T:
        self.collected += 1
        if self.store.broken:
            raise StoreUnavailable(message="down", next_step="start it")
        return query(FakeSnapshot(self, crl_list))

    async def latest(self, issuer: IssuerId) -> PublishedCrl | None:
        if self.store.broken:
            raise StoreUnavailable(message="down", next_step="start it")
        return next((crl for crl in reversed(self.published) if crl.issuer == issuer), None)

    async def publish(self, publications: Sequence[Publication], expected_previous: int) -> None:
        latest = await self.latest(publications[0].crl.issuer)
        if self.conflict or expected_previous != (latest.number if latest else 0):
            raise Conflict(message="another CRL was published")
        for each in publications:
            assert all(sha256(piece.octets).digest() == piece.sha256 for piece in each.pieces)
            assert each.sha256 == sha256(each.whole.der).digest()
            self.published.append(each.whole)
            self.store.record(
                CrlPublished(
                    issuer=each.crl.issuer,
                    number=each.crl.number,
                    crl_sha256=each.sha256.hex(),
                    entries=each.crl.entries,
                    upto=each.crl.upto,
                )
            )
        self.told.set()


@dataclass
class FakeSnapshot:
    """What a list sees of a `FakeCrlStore`; what changed is what the journal names."""

    crls: FakeCrlStore
    crl_list: CrlList

    def position(self) -> int:
        return len(self.crls.store.journal)

    def floor(self) -> int:
        return self.crls.floor

    def previous_number(self) -> int:
        found = self.previous()
        return 0 if found is None else found.number

    def previous(self) -> PublishedCrl | None:
        mine = (each for each in self.crls.published if each.issuer == self.crl_list.id)
        return max(mine, key=lambda crl: crl.number, default=None)

    def base(self, at: datetime) -> tuple[int, int] | None:
        mine = [each for each in self.crls.published if each.issuer == self.crl_list.id]
        found = [each for each in mine if each.this_update <= at][-1:] or mine[:1]
        return (found[0].number, found[0].upto) if found else None

    def listed_rows(self) -> Iterator[ListedRow]:
        return listed_rows(self.crls.store.statuses)

    def changed(self, after: int) -> Iterator[ChangedCertificate]:
        journal = self.crls.store.journal
        subjects = (touched(entry.event) for entry in journal[after:])
        held = {entry.event.serial for entry in journal if isinstance(entry.event, CardBlocked)}
        for serial in sorted({subject[1] for subject in subjects if subject is not None}):
            status = self.crls.store.statuses[serial]
            yield ChangedCertificate(serial=serial, status=status, was_held=serial in held)


@dataclass
class FakeFeed:
    """The journal of a `FakeStore`; `fail` is raised once, in place of the next entries."""

    store: FakeStore
    fail: Exception | None = None
    followed: list[int] = field(default_factory=list)

    async def follow(self, after: int) -> AsyncIterator[Sequence[JournalEntry]]:
        self.followed.append(after)
        while True:
            if self.fail is not None:
                failure, self.fail = self.fail, None
                raise failure
            batch = self.store.journal[after : after + 500]
            if batch:
                after = batch[-1].position
                yield batch
            await asyncio.sleep(0.001)
