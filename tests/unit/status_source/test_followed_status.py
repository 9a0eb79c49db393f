"""Where a status comes from, and what memory may never say."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import pytest

from fakes.status import ISSUER, START, FakeClock, FakeStore
from pki.domain.errors import ChainBroken, StoreUnavailable
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.journal import GENESIS, JournalHead
from pki.domain.records import ListedRow
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked
from pki.store.columns import to_ticks
from pki.store.history.start import Start
from pki.store.reading import ReadStore
from pki.store.tail import Contact
from server.status_source.source import FollowedStatus

FRESH = 3600.0
GOOD, OTHER, NEVER = SerialNumber(1), SerialNumber(2), SerialNumber(3)
HELD = OnHold(since=START)
REVOKED = Revoked(at=START, reason=None)


@dataclass
class Reads:
    """A store's reading side over the fake store; it counts, breaks, and can be held up."""

    facts: FakeStore
    reads: int = 0
    broken: bool = False
    gate: asyncio.Event | None = None
    held: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, query: Callable[[Any], Any]) -> Any:
        self.reads += 1
        if self.broken:
            raise StoreUnavailable(message="down", next_step="start it")
        found = query(self)
        if self.gate is not None:
            self.held.set()
            await self.gate.wait()
        return found

    def require_abreast(self, now: datetime, seen: int = 0) -> None:
        assert now == self.facts.clock.now()
        if len(self.facts.journal) < seen:
            raise StoreUnavailable(message="behind what was followed")

    def follow_start(self) -> Start:
        head = JournalHead(position=len(self.facts.journal), digest=GENESIS)
        return Start(head=head, confirmed=0)

    def status(self, issuer: IssuerId, serial: SerialNumber) -> CertificateStatus | None:
        return self.facts.statuses.get(serial) if issuer == ISSUER else None

    def good_serials(self, issuer: IssuerId, after: bytes, limit: int, at: datetime) -> list[bytes]:
        assert (issuer, after, at) == (ISSUER, b"", self.facts.clock.now())
        found = self.facts.statuses.items()
        return [serial.to_bytes() for serial, status in found if status == Good()][:limit]

    def listed_rows(self, issuer: IssuerId) -> Iterator[ListedRow]:
        for serial, status in sorted(self.facts.statuses.items(), key=lambda pair: pair[0].value):
            if issuer == ISSUER and isinstance(status, OnHold):
                yield serial.to_bytes(), "hold", to_ticks(status.since), None, None


@dataclass
class House:
    facts: FakeStore
    reads: Reads
    contact: Contact
    source: FollowedStatus

    async def asked(self, serial: SerialNumber) -> tuple[CertificateStatus | None, int]:
        """What it says, and how often it read the store for it."""
        before = self.reads.reads
        return await self.source.status(ISSUER, serial), self.reads.reads - before


@pytest.fixture
def house() -> House:
    facts = FakeStore(clock=FakeClock(), statuses={GOOD: Good(), OTHER: HELD})
    reads, contact = Reads(facts), Contact()
    source = FollowedStatus(
        cast("ReadStore", reads), contact, clock=facts.clock, fresh_seconds=FRESH
    )
    facts.listeners.append(source.apply)
    contact.mark(time.monotonic())
    return House(facts, reads, contact, source)


async def test_revocations_need_no_store_and_the_rest_is_read(house: House) -> None:
    house.facts.change(GOOD, Good())
    assert (await house.source.load([ISSUER])).head.position == 1
    assert house.source.remembered == 1
    assert await house.asked(OTHER) == (HELD, 0)
    assert await house.asked(GOOD) == (Good(), 1)
    assert await house.asked(NEVER) == (None, 1)
    assert await house.source.status(IssuerId("another"), OTHER) is None
    assert house.source.remembered == 1


async def test_what_an_entry_touches_is_read_again(house: House) -> None:
    await house.source.load([ISSUER])
    house.facts.change(OTHER, REVOKED)
    assert await house.asked(OTHER) == (REVOKED, 1)
    assert await house.asked(OTHER) == (REVOKED, 0)
    house.facts.change(GOOD, HELD)
    assert await house.asked(GOOD) == (HELD, 1)
    assert await house.asked(GOOD) == (HELD, 0)
    house.facts.change(GOOD, Good())
    assert await house.asked(GOOD) == (Good(), 1)


async def test_who_is_not_abreast_asks_the_store(house: House) -> None:
    await house.source.load([ISSUER])
    house.contact.mark(time.monotonic() - 2 * FRESH)
    house.facts.statuses[OTHER] = Good()
    assert await house.asked(OTHER) == (Good(), 1)
    house.reads.broken = True
    with pytest.raises(StoreUnavailable):
        await house.source.status(ISSUER, OTHER)


async def test_a_store_that_is_not_the_one_that_was_followed_is_not_asked(house: House) -> None:
    await house.source.load([ISSUER])
    house.contact.broken = ChainBroken(position=7, message="another entry 7", next_step="look")
    for asked in (house.source.status(ISSUER, GOOD), house.source.good(ISSUER, b"", 10)):
        with pytest.raises(StoreUnavailable, match="another entry 7"):
            await asked
    house.contact.mark(time.monotonic())
    assert await house.asked(GOOD) == (Good(), 1)


async def test_a_connection_to_a_database_that_is_behind_what_was_followed_is_not_believed(
    house: House,
) -> None:
    """Where several databases are named, each connection leads to one of them."""
    await house.source.load([ISSUER])
    replica = FakeStore(house.facts.clock, statuses={GOOD: Good()})
    house.facts.change(GOOD, HELD)
    house.reads.facts = replica
    for asked in (house.source.status(ISSUER, GOOD), house.source.good(ISSUER, b"", 10)):
        with pytest.raises(StoreUnavailable, match="behind what was followed"):
            await asked
    replica.change(GOOD, HELD)
    assert await house.asked(GOOD) == (HELD, 1)


async def test_what_is_loaded_anew_is_believed_though_it_ends_earlier(house: House) -> None:
    house.facts.change(OTHER, HELD)
    house.reads.facts = FakeStore(house.facts.clock, statuses={GOOD: Good()})
    await house.source.load([ISSUER])
    assert await house.asked(GOOD) == (Good(), 1)


async def test_a_look_that_a_change_overtook_is_not_remembered(house: House) -> None:
    await house.source.load([ISSUER])
    house.facts.change(GOOD, HELD)
    house.reads.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(house.source.status(ISSUER, GOOD))
        await house.reads.held.wait()
        house.facts.change(GOOD, Good())
        house.reads.gate.set()
    assert slow.result() == HELD
    house.reads.gate = None
    assert await house.asked(GOOD) == (Good(), 1)


async def test_the_working_set_is_read_from_a_store_that_is_abreast() -> None:
    facts = FakeStore(FakeClock())
    facts.statuses |= {GOOD: Good(), OTHER: HELD}
    reads = Reads(facts)
    source = FollowedStatus(
        cast("ReadStore", reads), Contact(), clock=facts.clock, fresh_seconds=FRESH
    )
    assert await source.good(ISSUER, b"", 10) == [GOOD.to_bytes()]
    reads.broken = True
    with pytest.raises(StoreUnavailable):
        await source.good(ISSUER, b"", 10)
