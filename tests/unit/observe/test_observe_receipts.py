"""Watching sinks: each change until it is shown, through failures and restarts, and no longer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Container, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from pki.domain.errors import Unavailable
from pki.domain.events import CardBlocked
from pki.domain.evidence.receipts import Receipt
from pki.domain.identifiers import CardId, IssuerId, SerialNumber
from pki.domain.journal import GENESIS, JournalEntry, JournalHead, append
from pki.domain.people import SYSTEM
from pki.domain.reasons import BlockReason, RevocationReason
from pki.domain.records import StatusInterval
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from pki.observe.receipts.agreement import agrees, agrees_in_list
from pki.observe.receipts.watcher import Pace, Watcher

AT = datetime(2026, 11, 22, 12, 0, 0, 654321, tzinfo=UTC)
WHOLE = AT.replace(microsecond=0)
ISSUER = IssuerId("token-ca-g1")
TELEPHONES = IssuerId("mobiel-ca-g1")
PACE = Pace(most=3, idle=0.02, away=0.02)


def interval(position: int, number: int | None = None) -> StatusInterval:
    return StatusInterval(
        serial=SerialNumber(number or position),
        issuer=ISSUER,
        status=OnHold(since=AT),
        since=AT,
        until=None,
        actor=SYSTEM,
        position=position,
    )


class Clock:
    def now(self) -> datetime:
        return AT + timedelta(seconds=2)


@dataclass
class Journal:
    entries: list[JournalEntry] = field(default_factory=list)
    grown: asyncio.Event = field(default_factory=asyncio.Event)
    followed: bool = False

    def add(self, count: int = 1) -> None:
        for _ in range(count):
            last = self.entries[-1] if self.entries else None
            head = JournalHead(
                position=last.position if last else 0, digest=last.digest if last else GENESIS
            )
            event = CardBlocked(
                card=CardId("0" * 32),
                issuer=ISSUER,
                serial=SerialNumber(1),
                reason=BlockReason.LOSS,
            )
            self.entries.append(append(head, at=AT, actor=SYSTEM, event=event))
        self.grown.set()

    async def head(self) -> JournalHead:
        return JournalHead(position=len(self.entries), digest=GENESIS)

    async def follow(self, after: int) -> AsyncIterator[Sequence[JournalEntry]]:
        self.followed = True
        while True:
            self.grown.clear()
            yield self.entries[after:]
            after = len(self.entries)
            await self.grown.wait()


@dataclass
class Book:
    intervals: dict[int, StatusInterval] = field(default_factory=dict)
    at: int = 0
    kept: list[Receipt] = field(default_factory=list)
    former: list[tuple[str, StatusInterval]] = field(default_factory=list)
    failures: int = 0

    def _may_fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable(message="the store is away")

    async def position(self) -> int:
        return self.at

    async def awaited(self) -> Sequence[tuple[str, StatusInterval]]:
        return self.former

    async def take_up(
        self, after: int, upto: int, sinks: Mapping[str, Container[IssuerId]], most: int
    ) -> Sequence[StatusInterval]:
        self._may_fail()
        found = [self.intervals[n] for n in range(after + 1, upto + 1) if n in self.intervals]
        self.at = upto
        return found[:most]

    async def keep(self, receipts: Sequence[Receipt]) -> None:
        self._may_fail()
        self.kept += receipts


@dataclass
class Sink:
    name: str
    issuers: Container[IssuerId] = (ISSUER, TELEPHONES)
    shows: set[int] = field(default_factory=set)
    failures: int = 0
    asked: list[list[int]] = field(default_factory=list)

    async def shown(self, awaited: Sequence[StatusInterval]) -> Mapping[int, bytes]:
        self.asked.append([each.position for each in awaited])
        if self.failures:
            self.failures -= 1
            raise Unavailable(message="away")
        return {each.position: b"seen" for each in awaited if each.position in self.shows}


@dataclass
class House:
    journal: Journal = field(default_factory=Journal)
    book: Book = field(default_factory=Book)
    sinks: tuple[Sink, ...] = (Sink("ocsp"), Sink("crl"))
    delays: list[tuple[str, float]] = field(default_factory=list)

    def watcher(self) -> Watcher:
        return Watcher(
            journal=self.journal,
            book=self.book,
            sinks=self.sinks,
            clock=Clock(),
            measure=lambda sink, seconds: self.delays.append((sink, seconds)),
            pace=PACE,
        )

    def change(self, *intervals: StatusInterval) -> None:
        for each in intervals:
            self.book.intervals[each.position] = each
            self.journal.add(each.position - len(self.journal.entries))

    async def until_kept(self, count: int) -> list[tuple[int, str]]:
        await until(lambda: len(self.book.kept) >= count)
        return [(each.position, each.sink) for each in self.book.kept]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 -- what is watched has no event
            await asyncio.sleep(0.005)


@pytest.fixture
def house() -> House:
    made = House(sinks=(Sink("ocsp"), Sink("crl")))
    made.journal.add()
    return made


@asynccontextmanager
async def watching(house: House) -> AsyncIterator[Watcher]:
    watcher = house.watcher()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(watcher.run())
        await until(lambda: house.journal.followed)
        yield watcher
        assert not running.done()
        running.cancel()


async def test_each_sink_is_looked_at_until_it_shows_the_change(house: House) -> None:
    ocsp, crl = house.sinks
    async with watching(house) as watcher:
        house.change(interval(2))
        ocsp.shows.add(2)
        assert await house.until_kept(1) == [(2, "ocsp")]
        assert watcher.waiting == {"ocsp": 0, "crl": 1}
        assert watcher.oldest == {"ocsp": 0.0, "crl": 2.0}
        crl.shows.add(2)
        assert await house.until_kept(2) == [(2, "ocsp"), (2, "crl")]
        asked = len(ocsp.asked)
        await asyncio.sleep(0.1)
        assert len(ocsp.asked) == asked, "nobody looks when nothing is awaited"
    assert house.delays == [("ocsp", 2.0), ("crl", 2.0)]
    assert {(each.shown_at, each.sha256) for each in house.book.kept} == {(Clock().now(), b"seen")}


async def test_the_first_run_begins_at_the_end_and_a_later_one_where_it_was(house: House) -> None:
    house.book.intervals[1] = interval(1)
    ocsp, _ = house.sinks
    ocsp.shows |= {1, 2, 3}
    async with watching(house):
        house.change(interval(2))
        assert await house.until_kept(1) == [(2, "ocsp")]
    house.change(interval(3))
    house.book.former = [("crl", interval(2)), ("gone", interval(2))]
    house.sinks[1].shows.add(2)
    async with watching(house):
        assert sorted((await house.until_kept(3))[1:]) == [(2, "crl"), (3, "ocsp")]


async def test_of_one_certificate_the_last_change_is_looked_for(house: House) -> None:
    ocsp, crl = house.sinks
    async with watching(house) as watcher:
        house.change(interval(2, 7))
        await until(lambda: [2] in ocsp.asked and [2] in crl.asked)
        house.change(interval(3, 7))
        await until(lambda: [3] in ocsp.asked and [3] in crl.asked)
        assert watcher.waiting == {"ocsp": 1, "crl": 1}
        ocsp.shows |= {2, 3}
        assert await house.until_kept(1) == [(3, "ocsp")]
        assert crl.asked[-1] == [3]


async def test_a_sink_is_not_looked_at_for_what_it_never_shows(house: House) -> None:
    house.sinks = (Sink("ocsp"), Sink("ldap", issuers=(ISSUER,)))
    of_telephone = replace(interval(2), issuer=TELEPHONES)
    house.book.former = [("ldap", replace(of_telephone, position=1)), ("ldap", interval(1))]
    async with watching(house) as watcher:
        house.change(of_telephone)
        await until(lambda: watcher.waiting == {"ocsp": 1, "ldap": 1})
        house.sinks[1].shows.add(1)
        house.sinks[0].shows.add(2)
        assert sorted(await house.until_kept(2)) == [(1, "ldap"), (2, "ocsp")]


async def test_no_more_is_watched_than_may_be(house: House) -> None:
    async with watching(house) as watcher:
        house.change(*(interval(each) for each in range(2, 8)))
        await until(lambda: house.book.at == 7)
        assert watcher.waiting == {"ocsp": PACE.most, "crl": PACE.most}


async def test_failures_end_nothing_and_hold_up_nobody_else(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    ocsp, crl = house.sinks
    ocsp.failures = 3
    ocsp.shows.add(2)
    crl.shows.add(2)
    async with watching(house):
        house.change(interval(2))
        assert await house.until_kept(2) == [(2, "crl"), (2, "ocsp")]
    assert [each.message for each in caplog.records].count(
        "what a sink shows cannot be read; trying on"
    ) == 1


async def test_a_store_that_is_away_loses_nothing(house: House) -> None:
    house.book.failures = 2
    for sink in house.sinks:
        sink.shows.add(2)
    async with watching(house):
        house.change(interval(2))
        assert sorted(await house.until_kept(2)) == [(2, "crl"), (2, "ocsp")]
        house.book.failures = 1
        house.sinks[0].shows.add(3)
        house.change(interval(3))
        assert (await house.until_kept(3))[-1] == (3, "ocsp")


HELD, REVOKED = OnHold(since=AT), Revoked(at=AT, reason=RevocationReason.SUPERSEDED)
SEEN_HELD, SEEN_REVOKED = OnHold(since=WHOLE), Revoked(at=WHOLE, reason=REVOKED.reason)
UNSAID = Revoked(at=WHOLE, reason=None)
LATE = OnHold(since=WHOLE + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("expected", "ocsp", "listed"),
    [
        (Good(), {Good()}, {None}),
        (Unconfirmed(since=AT), {SEEN_HELD}, {None}),
        (HELD, {SEEN_HELD}, {SEEN_HELD}),
        (REVOKED, {SEEN_REVOKED}, {SEEN_REVOKED}),
        (Revoked(at=AT, reason=None), {UNSAID}, {UNSAID}),
    ],
    ids=str,
)
def test_what_agrees(
    expected: CertificateStatus,
    ocsp: set[Good | OnHold | Revoked | None],
    listed: set[OnHold | Revoked | None],
) -> None:
    of_list: list[OnHold | Revoked | None] = [
        None,
        SEEN_HELD,
        LATE,
        SEEN_REVOKED,
        UNSAID,
    ]
    assert {each for each in [Good(), *of_list] if agrees(expected, each)} == ocsp
    assert {each for each in of_list if agrees_in_list(expected, each)} == listed
