"""From a card's change to a message in a mail server, with breakdowns anywhere between."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from issuance.notices.runner import NoticeRunner
from letters.house import (
    ADDRESS,
    DAY,
    MINUTE,
    TWO,
    Go,
    House,
    Scripted,
    blocked,
    house_of_three,
    revoked,
)
from pki.domain.errors import StoreUnavailable
from pki.domain.journal import JournalEntry
from pki.domain.notices.addresses import EmailAddress
from pki.domain.notices.mail import Handed, Taken
from pki.domain.notices.records import Contact, Letter, MailState, NoticeKind
from pki.store.tail import JournalTail
from server.notices.carrying import LetterCarrier
from server.setting.notices import SmtpSettings
from strangers.smtp import Post, mail_server


@pytest.fixture
async def house(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[House]:
    """See `house_of_three`."""
    async with house_of_three(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}") as made:
        yield made


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
