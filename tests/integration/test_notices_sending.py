"""From a card's change to a message in a mail server, with breakdowns anywhere between."""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from issuance.notices.outbox import Outbox
from issuance.notices.plan import Planner
from issuance.notices.runner import NoticeRunner
from pki.domain import cards
from pki.domain.errors import StoreUnavailable
from pki.domain.events import CardBlocked, CardRevoked, Event
from pki.domain.journal import JournalEntry
from pki.domain.linking.events import CardUnlinked
from pki.domain.notices.addresses import EmailAddress
from pki.domain.notices.events import NoticesMailed
from pki.domain.notices.mail import Handed, Taken
from pki.domain.notices.records import Contact, Letter, MailState, NoticeKind, ShownNotice
from pki.domain.people import SYSTEM
from pki.domain.reasons import BlockReason, RevokeReason
from pki.ports import SystemEntropy
from pki.store.reading import ReadStore
from pki.store.tail import JournalTail
from pki.store.writing import Store, WriteSession
from server.notices.carrying import LetterCarrier
from server.setting.notices import SmtpSettings
from smtp_peer import Post, mail_server
from store_samples import ISSUER, NOON, SetClock, card, organisation, serial
from store_steps import issue, put

ONE, TWO = organisation(1), organisation(2)
ADDRESS = EmailAddress("beheer@praktijk.example")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NOT_AFTER = NOON + timedelta(days=1095)
Go = Callable[[], Awaitable[bool]]


@dataclass
class Scripted:
    """A carrier that does as it is told; what it took is in ``got``."""

    answers: list[Handed] = field(default_factory=list)
    got: list[Letter] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    dies_before_go: bool = False
    dies_after_go: bool = False

    async def carry(self, letter: Letter, go: Go) -> Handed:
        if self.dies_before_go:
            raise StoreUnavailable(message="this process is gone")
        if not await go():
            return Handed(taken=Taken.NOT_NOW, why="taken over")
        self.got.append(letter)
        self.arrived.set()
        if self.dies_after_go:
            raise StoreUnavailable(message="this process is gone")
        return self.answers.pop(0) if self.answers else Handed(taken=Taken.ACCEPTED)


@dataclass(kw_only=True)
class House:
    store: Store
    reader: ReadStore
    clock: SetClock
    carrier: Scripted = field(default_factory=Scripted)
    counted: Counter[str] = field(default_factory=Counter)

    @property
    def planner(self) -> Planner:
        return Planner(
            store=self.store, reader=self.reader, clock=self.clock, longest_hold=30 * DAY
        )

    def outbox(self, carrier: Scripted | LetterCarrier | None = None) -> Outbox:
        return Outbox(
            store=self.store,
            reader=self.reader,
            carrier=carrier or self.carrier,
            clock=self.clock,
            entropy=SystemEntropy(),
            count=lambda outcome: self.counted.update([outcome]),
        )

    async def happen(self, *events: Event) -> list[JournalEntry]:
        return await self.store.write(
            lambda session: [session.record(each, SYSTEM) for each in events]
        )

    async def tell(self, *events: Event) -> int:
        return await self.planner.take_up(await self.happen(*events))

    async def shown(self) -> tuple[ShownNotice, ...]:
        return await self.reader.read(lambda session: session.notices_of(None, None, 1000))

    async def mails(self) -> Counter[MailState]:
        return Counter(each.notice.mail for each in await self.shown())

    async def outcomes(self) -> list[tuple[int, str]]:
        entries = await self.reader.read(lambda session: session.journal_after(0, 1000))
        mailed = [each.event for each in entries if isinstance(each.event, NoticesMailed)]
        return [(each.notices, each.outcome) for each in mailed]


@pytest.fixture
async def house(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[House]:
    """Three cards in use; the first two managed by ONE, the third by TWO; ONE has an address."""
    url, clock = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}", SetClock()
    made = House(store=Store.open(url, clock=clock), reader=ReadStore.open(url), clock=clock)
    for each in (ONE, TWO):
        await put(made.store, each)
    await issue(made.store, 1, 2, 3)
    for number, to in ((1, ONE), (2, ONE), (3, TWO)):
        issued = cards.certified(card(number), serial=serial(number), at=NOON)
        await put(made.store, cards.confirmed(issued, at=NOON))
        link = partial(
            WriteSession.put_link,
            card_id=card(number).id,
            organisation_id=to.id,
            since=NOON,
        )
        await made.store.write(link)
    contact = Contact(organisation=ONE.id, email=ADDRESS)
    await made.store.write(lambda session: session.put_contact(contact))
    clock.at = NOON + 1 * DAY
    yield made
    await made.reader.close()
    await made.store.close()


def blocked(number: int) -> CardBlocked:
    return CardBlocked(
        card=card(number).id, issuer=ISSUER, serial=serial(number), reason=BlockReason.LOSS
    )


def revoked(number: int, at: datetime = NOON) -> CardRevoked:
    return CardRevoked(
        card=card(number).id,
        issuer=ISSUER,
        serial=serial(number),
        reason=RevokeReason.DEFECT,
        revoked_at=at,
    )


async def test_a_change_arrives_in_a_mailbox(house: House) -> None:
    post = Post()
    async with mail_server(post) as port:
        settings = SmtpSettings(
            host="127.0.0.1", port=port, security="none", sender="noreply@zorg.example"
        )
        carrier = LetterCarrier(settings, installation="practice", clock=house.clock)
        assert await house.tell(blocked(1), revoked(2), blocked(3)) == 3
        assert await house.outbox(carrier).round() == 1
        assert await house.outbox(carrier).round() == 0
    (message,) = post.messages
    assert message["To"] == ADDRESS.value
    assert message["Subject"] == "[oefening / practice] ZORG-ID: 2 berichten over uw smartcards"
    text = message.get_content()
    assert "…0001 is op 23 november 2026" in text
    assert "…0002 is op 23 november 2026" in text
    assert "…0003" not in text
    assert await house.mails() == {MailState.SENT: 2, MailState.WAITING: 1}
    assert await house.outcomes() == [(2, "sent")]
    assert house.counted == {"accepted": 1}


async def test_every_organisation_that_managed_the_card_is_told(house: House) -> None:
    await house.store.write(lambda session: session.put_link(card(1).id, TWO.id, house.clock.at))
    entries = await house.happen(blocked(1))
    await house.store.write(
        lambda session: session.end_link(card(1).id, ONE.id, house.clock.at + MINUTE)
    )
    assert await house.planner.take_up(entries) == 2
    assert {each.notice.organisation for each in await house.shown()} == {ONE.id, TWO.id}


async def test_who_lost_the_card_last_is_warned(house: House) -> None:
    at, ends = house.clock.at, house.clock.at + 61 * DAY
    await house.store.write(lambda session: session.end_link(card(1).id, ONE.id, at))
    event = CardUnlinked(card=card(1).id, organisation=ONE.id, ura=ONE.ura, ends_at=ends)
    assert await house.tell(event) == 1
    (only,) = await house.shown()
    assert (only.notice.organisation, only.managed) == (ONE.id, False)
    assert (only.notice.fact.kind, only.notice.fact.until) == (NoticeKind.UNLINKED, ends)


async def test_an_entry_that_is_read_twice_is_told_once(house: House) -> None:
    entries = await house.happen(blocked(1), revoked(1))
    assert await house.planner.take_up(entries) == 2
    assert await house.planner.position() == entries[-1].position
    assert await house.planner.take_up(entries) == 0
    assert await house.outbox().round() == 1
    assert await house.planner.take_up(entries) == 0
    assert await house.outbox().round() == 0


@pytest.mark.parametrize(
    ("days", "kinds"),
    [
        ((91, 1), []),
        ((90, 0), ["expires-90"]),
        ((60, 0), ["expires-90"]),
        ((30, 1), ["expires-90"]),
        ((30, 0), ["expires-30"]),
        ((7, 0), ["expires-7"]),
        ((0, 1), ["expires-7"]),
        ((0, 0), []),
        ((-9, 0), []),
    ],
)
async def test_an_expiry_is_told_by_the_notice_of_its_time(
    house: House, days: tuple[int, int], kinds: list[str]
) -> None:
    before, minutes = days
    house.clock.at = NOT_AFTER - before * DAY - minutes * MINUTE
    assert await house.planner.look() == 3 * len(kinds)
    assert {each.notice.fact.kind.value for each in await house.shown()} == set(kinds)
    assert await house.planner.look() == 0


async def test_each_expiry_notice_comes_once_whatever_the_clock_does(house: House) -> None:
    for days in (90, 89, 30, 31, 89, 7, 3, 200, 30, 1):
        house.clock.at = NOT_AFTER - days * DAY
        await house.planner.look()
        await house.outbox().round()
    kinds = Counter(each.notice.fact.kind.value for each in await house.shown())
    assert kinds == {"expires-90": 3, "expires-30": 3, "expires-7": 3}
    told = [each.notice.id for letter in house.carrier.got for each in letter.notices]
    assert len(told) == len(set(told)) == 6


async def test_a_block_that_lasts_too_long_is_told_once(house: House) -> None:
    held = await house.reader.read(lambda session: session.card(card(1).id))
    assert held is not None
    since = house.clock.at
    await put(house.store, cards.blocked(held, reason=BlockReason.LOSS, at=since))
    house.clock.at = since + 30 * DAY
    assert await house.planner.look() == 0
    house.clock.at += MINUTE
    assert await house.planner.look() == 1
    assert await house.planner.look() == 0
    (only,) = await house.shown()
    assert (only.notice.fact.kind, only.notice.fact.at) == (NoticeKind.HELD, since)


async def test_who_dies_before_the_message_loses_nothing(house: House) -> None:
    await house.tell(blocked(1))
    house.carrier.dies_before_go = True
    with pytest.raises(StoreUnavailable):
        await house.outbox().round()
    assert await house.mails() == {MailState.CLAIMED: 1}
    house.carrier.dies_before_go = False
    assert await house.outbox().round() == 0, "another may still be at it"
    house.clock.at += 11 * MINUTE
    assert await house.outbox().round() == 1
    assert len(house.carrier.got) == 1


async def test_who_dies_with_the_message_sends_it_no_second_time(house: House) -> None:
    await house.tell(blocked(1))
    house.carrier.dies_after_go = True
    with pytest.raises(StoreUnavailable):
        await house.outbox().round()
    house.carrier.dies_after_go = False
    house.clock.at += 11 * MINUTE
    assert await house.outbox().round() == 0
    assert len(house.carrier.got) == 1
    assert await house.mails() == {MailState.UNKNOWN: 1}
    assert await house.outcomes() == [(1, "unknown")]
    assert house.counted == {"unclear": 1}


async def test_who_comes_to_life_again_is_too_late(house: House) -> None:
    """The first sender sleeps for longer than the lease, between taking it out and sending it."""
    await house.tell(blocked(1))

    class Sleeper(Scripted):
        async def carry(self, letter: Letter, go: Go) -> Handed:
            house.clock.at += 11 * MINUTE
            assert await house.outbox().round() == 1
            return await super().carry(letter, go)

    sleeper = Sleeper()
    assert await house.outbox(sleeper).round() == 0
    assert sleeper.got == []
    assert len(house.carrier.got) == 1
    assert await house.mails() == {MailState.SENT: 1}


async def test_two_senders_share_the_work(house: House) -> None:
    contact = Contact(organisation=TWO.id, email=EmailAddress("b@b.example"))
    await house.store.write(lambda session: session.put_contact(contact))
    await house.tell(blocked(1), blocked(2), blocked(3))
    async with asyncio.TaskGroup() as tasks:
        rounds = [tasks.create_task(house.outbox().round()) for _ in range(4)]
    assert sum(each.result() for each in rounds) == 2
    told = [each.notice.id for letter in house.carrier.got for each in letter.notices]
    assert len(told) == len(set(told)) == 3


async def test_what_is_not_taken_now_is_tried_later_and_later(house: House) -> None:
    await house.tell(blocked(1))
    house.carrier.answers = [Handed(taken=Taken.NOT_NOW, why="450")] * 3
    for wait in (0, 1, 5):
        if wait:
            house.clock.at += wait * MINUTE - timedelta(seconds=1)
            await house.outbox().round()
            house.clock.at += timedelta(seconds=1)
        await house.outbox().round()
    assert len(house.carrier.got) == 3
    assert (await house.shown())[0].notice.tries == 3
    house.clock.at += 15 * MINUTE
    assert await house.outbox().round() == 1


async def test_a_server_that_is_away_is_not_asked_for_everyone(house: House) -> None:
    contact = Contact(organisation=TWO.id, email=EmailAddress("b@b.example"))
    await house.store.write(lambda session: session.put_contact(contact))
    await house.tell(blocked(1), blocked(3))
    house.carrier.answers = [Handed(taken=Taken.AWAY, why="SMTPConnectError")]
    assert await house.outbox().round() == 0
    assert len(house.carrier.got) == 1
    assert await house.mails() == {MailState.WAITING: 2}
    house.clock.at += MINUTE
    assert await house.outbox().round() == 2


async def test_a_clock_set_back_holds_nothing_up(house: House) -> None:
    await house.tell(blocked(1))
    house.carrier.answers = [Handed(taken=Taken.AWAY, why="x")]
    await house.outbox().round()
    house.clock.at -= 400 * DAY
    assert await house.outbox().round() == 1
    assert await house.outbox().round() == 0


async def test_what_was_refused_waits_for_another_address(house: House) -> None:
    await house.tell(blocked(1))
    house.carrier.answers = [Handed(taken=Taken.REFUSED, why="550 5.1.1")]
    await house.outbox().round()
    house.clock.at += DAY
    assert await house.outbox().round() == 0
    assert await house.mails() == {MailState.REFUSED: 1}
    assert await house.outcomes() == [(1, "refused")]
    (only,) = await house.shown()
    assert only.notice.why == "550 5.1.1"


async def test_old_news_is_not_sent(house: House) -> None:
    await house.tell(blocked(3))
    house.clock.at += 15 * DAY
    contact = Contact(organisation=TWO.id, email=EmailAddress("b@b.example"))
    await house.store.write(lambda session: session.put_contact(contact))
    assert await house.outbox().round() == 0
    assert await house.mails() == {MailState.LAPSED: 1}


async def test_it_runs_by_itself_and_goes_on_after_a_restart(house: House) -> None:
    async def running(until: int) -> None:
        tail, stop = JournalTail(house.reader, clock=house.clock), asyncio.Event()
        runner = NoticeRunner(house.planner, house.outbox(), tail)
        task = tasks.create_task(runner.run(stop))
        async with asyncio.timeout(60):
            while len(house.carrier.got) < until:
                house.carrier.arrived.clear()
                await house.carrier.arrived.wait()
            stop.set()
            await task

    async with asyncio.TaskGroup() as tasks:
        await house.happen(blocked(1))
        await running(1)
        await house.happen(revoked(1))
        await running(2)
    kinds = [each.notices[0].notice.fact.kind for each in house.carrier.got]
    assert kinds == [NoticeKind.BLOCKED, NoticeKind.REVOKED]
    assert await house.mails() == {MailState.SENT: 2}, "what was on its way is brought to its end"


class OneBatch:
    """A journal of these entries; ``dealt_with`` is set when its follower wants more."""

    def __init__(self, entries: list[JournalEntry]) -> None:
        self._entries = entries
        self.dealt_with = asyncio.Event()

    async def follow(self, after: int) -> AsyncIterator[Sequence[JournalEntry]]:
        assert after == 0
        yield self._entries
        self.dealt_with.set()
        await asyncio.Event().wait()


async def test_without_a_mail_server_notices_are_made_all_the_same(house: House) -> None:
    stop, journal = asyncio.Event(), OneBatch(await house.happen(blocked(1)))
    runner = NoticeRunner(house.planner, None, journal)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(runner.run(stop))
        await journal.dealt_with.wait()
        stop.set()
    assert runner.made == 1
    assert await house.mails() == {MailState.WAITING: 1}


async def test_how_long_the_oldest_waits(house: House) -> None:
    await house.tell(blocked(1))
    house.clock.at += DAY
    assert await house.outbox().waiting_seconds() == DAY.total_seconds()
