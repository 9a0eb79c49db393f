"""Notices and their messages, on every engine."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import pytest

from pki.domain import cards
from pki.domain.identifiers import OrganisationId, Ura
from pki.domain.notices.addresses import EmailAddress
from pki.domain.notices.records import (
    Contact,
    Fact,
    Letter,
    MailState,
    Notice,
    NoticeKind,
    ShownNotice,
)
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import NOON, card, organisation, serial
from stores.steps import issue, put

ONE, TWO = organisation(1), organisation(2)
ADDRESS = EmailAddress("beheer@praktijk.example")
LETTER, ANOTHER = "1a" * 16, "2b" * 16
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LEASE = timedelta(minutes=10)
NOT_AFTER = NOON + timedelta(days=1095)


def notice(
    number: int,
    *,
    to: OrganisationId = ONE.id,
    made: timedelta = timedelta(),
    kind: NoticeKind = NoticeKind.BLOCKED,
) -> Notice:
    fact = Fact(kind=kind, card=card(number).id, at=NOON, until=NOON + 14 * DAY)
    return Notice(
        id=fact.notice_id(to),
        organisation=to,
        fact=fact,
        made_at=NOON + made,
        mail=MailState.WAITING,
        mail_at=NOON + made,
    )


@pytest.fixture
async def told(store: Store) -> Store:
    """Two organisations and three cards in use, the first one with an address."""
    for each in (ONE, TWO):
        await put(store, each)
    await issue(store, 1, 2, 3)
    for number in (1, 2, 3):
        issued = cards.certified(card(number), serial=serial(number), at=NOON)
        await put(store, cards.confirmed(issued, at=NOON))
    await contact(store, ADDRESS)
    return store


async def contact(
    store: Store, email: EmailAddress | None, of: OrganisationId = ONE.id, feed: bytes | None = None
) -> None:
    record = Contact(organisation=of, email=email, feed_sha256=feed)
    await store.write(lambda session: session.put_contact(record))


async def make(store: Store, *new: Notice) -> int:
    return await store.write(lambda session: session.put_notices(new))


async def claim(store: Store, now: datetime = NOON, letter: str = LETTER) -> Letter | None:
    return await store.write(
        lambda session: session.claim_letter(letter, now, most=100, longest_wait=4 * HOUR)
    )


async def shown(reads: ReadStore) -> Sequence[ShownNotice]:
    return await reads.read(lambda session: session.notices_of(None, None, 100))


async def states(reads: ReadStore) -> set[MailState]:
    return {each.notice.mail for each in await shown(reads)}


async def test_the_same_fact_is_told_once(told: Store, read_store: ReadStore) -> None:
    assert await make(told, notice(1), notice(1), notice(2)) == 2
    assert await make(told, notice(1), notice(2), notice(1, to=TWO.id)) == 1
    assert len(await shown(read_store)) == 3


async def test_all_that_waits_for_an_organisation_goes_in_one_letter(told: Store) -> None:
    await contact(told, EmailAddress("b@b.example"), of=TWO.id)
    await make(told, notice(1, made=HOUR), notice(2), notice(3, to=TWO.id, made=2 * HOUR))
    first, second = await claim(told, NOON + DAY), await claim(told, NOON + DAY, ANOTHER)
    assert first is not None
    assert second is not None
    assert (first.to, first.ura, first.organisation) == (ADDRESS, ONE.ura, ONE.name)
    assert [each.notice.fact.card for each in first.notices] == [card(2).id, card(1).id]
    assert [each.card_number for each in second.notices] == [card(3).card_number]
    assert await claim(told, NOON + DAY, "3c" * 16) is None


async def test_without_an_address_nothing_is_taken_out(told: Store) -> None:
    await make(told, notice(1, to=TWO.id))
    assert await claim(told) is None
    await contact(told, None)
    await make(told, notice(1))
    assert await claim(told) is None


async def test_what_a_letter_comes_to(told: Store, read_store: ReadStore) -> None:
    await make(told, notice(1), notice(2))
    assert await claim(told) is not None
    assert await states(read_store) == {MailState.CLAIMED}
    assert not await told.write(lambda session: session.hand_over(ANOTHER, NOON))
    assert await told.write(lambda session: session.hand_over(LETTER, NOON))
    assert not await told.write(lambda session: session.hand_over(LETTER, NOON))
    assert await told.write(lambda s: s.settle(LETTER, MailState.SENT, NOON + HOUR, None)) == 2
    assert await told.write(lambda s: s.settle(LETTER, MailState.REFUSED, NOON, "550")) == 0
    (one, two) = await shown(read_store)
    assert (one.notice.mail, one.notice.mail_at) == (MailState.SENT, NOON + HOUR)
    assert two.notice.tries == 0
    assert await read_store.read(lambda s: s.mail_counts()) == {MailState.SENT: 2}


async def test_what_was_put_back_waits_for_its_time(told: Store, read_store: ReadStore) -> None:
    await make(told, notice(1))
    await claim(told)
    later = NOON + HOUR
    assert await told.write(lambda s: s.put_back(LETTER, NOON, later, "451 4.7.1")) == 1
    assert await claim(told, later - timedelta(seconds=1)) is None
    (only,) = await shown(read_store)
    assert (only.notice.mail, only.notice.tries) == (MailState.WAITING, 1)
    assert only.notice.why == "451 4.7.1"
    assert await claim(told, later) is not None


async def test_a_clock_that_was_set_back_does_not_hold_it_up(told: Store) -> None:
    await make(told, notice(1))
    await claim(told)
    await told.write(lambda s: s.put_back(LETTER, NOON, NOON + HOUR, "451"))
    assert await claim(told, NOON - 30 * DAY) is not None


async def test_what_somebody_took_out_and_lost_is_found(told: Store) -> None:
    async def lost(now: datetime) -> tuple[tuple[str, MailState, Ura], ...]:
        return await told.write(lambda session: session.lost_letters(now, LEASE))

    await make(told, notice(1), notice(2))
    await claim(told)
    assert await lost(NOON + LEASE) == ()
    assert await lost(NOON + LEASE + HOUR) == ((LETTER, MailState.CLAIMED, ONE.ura),)
    assert await lost(NOON - DAY) == ((LETTER, MailState.CLAIMED, ONE.ura),), (
        "the clock was set back"
    )
    await told.write(lambda session: session.hand_over(LETTER, NOON))
    assert await lost(NOON + HOUR) == ((LETTER, MailState.HANDED_OVER, ONE.ura),)
    await told.write(lambda s: s.settle(LETTER, MailState.UNKNOWN, NOON + HOUR, None))
    assert await lost(NOON + DAY) == ()


async def test_what_is_of_no_use_any_more_is_given_up(told: Store, read_store: ReadStore) -> None:
    await make(told, notice(1))
    assert await told.write(lambda session: session.lapse(NOON + 14 * DAY - HOUR)) == 0
    assert await claim(told, NOON + 14 * DAY) is None
    assert await told.write(lambda session: session.lapse(NOON + 14 * DAY)) == 1
    assert await states(read_store) == {MailState.LAPSED}


async def test_another_address_gets_what_the_former_one_refused(
    told: Store, read_store: ReadStore
) -> None:
    await make(told, notice(1), notice(2))
    await claim(told)
    await told.write(lambda s: s.settle(LETTER, MailState.REFUSED, NOON, "550 5.1.1"))
    assert await told.write(lambda s: s.try_refused_again(TWO.id, NOON)) == 0
    assert await told.write(lambda s: s.try_refused_again(ONE.id, NOON + 15 * DAY)) == 0
    assert await told.write(lambda s: s.try_refused_again(ONE.id, NOON)) == 2
    assert await claim(told) is not None


async def test_what_may_have_arrived_is_not_sent_again(told: Store) -> None:
    await make(told, notice(1))
    await claim(told)
    await told.write(lambda s: s.settle(LETTER, MailState.UNKNOWN, NOON, None))
    assert await told.write(lambda s: s.try_refused_again(ONE.id, NOON)) == 0
    assert await claim(told, NOON + DAY) is None


async def test_pages_are_of_one_organisation_newest_first(
    told: Store, read_store: ReadStore
) -> None:
    mine = [notice(number, made=number // 2 * HOUR) for number in (1, 2, 3)]
    await make(told, *mine, notice(1, to=TWO.id))

    async def page(after: Notice | None) -> list[Notice]:
        last = None if after is None else after.id
        found = await read_store.read(lambda s: s.notices_of(ONE.id, last, 1))
        return [each.notice for each in found]

    seen: list[Notice] = []
    while found := await page(seen[-1] if seen else None):
        seen += found
    newest = sorted(mine, key=lambda each: (each.made_at, each.id), reverse=True)
    assert [each.id for each in seen] == [each.id for each in newest]


async def test_the_first_to_see_it_stays(told: Store, read_store: ReadStore) -> None:
    await make(told, notice(1))
    for at in (NOON + HOUR, NOON + DAY):
        await told.write(partial(WriteSession.acknowledge, notice_id=notice(1).id, at=at))
    found = await read_store.read(lambda session: session.notice(notice(1).id))
    assert found is not None
    assert found.notice.acknowledged_at == NOON + HOUR
    assert await read_store.read(lambda session: session.notice(notice(3).id)) is None


async def test_contacts_by_organisation_and_by_calendar(told: Store, read_store: ReadStore) -> None:
    await contact(told, ADDRESS, feed=b"d" * 32)
    expected = Contact(organisation=ONE.id, email=ADDRESS, feed_sha256=b"d" * 32)
    assert await read_store.read(lambda s: s.contact_of(ONE.id)) == expected
    assert await read_store.read(lambda s: s.contact_by_feed(b"d" * 32)) == expected
    assert await read_store.read(lambda s: s.contact_by_feed(b"e" * 32)) is None
    assert await read_store.read(lambda s: s.contact_of(TWO.id)) is None


async def test_how_long_the_oldest_waits(told: Store, read_store: ReadStore) -> None:
    async def since(now: datetime) -> datetime | None:
        return await read_store.read(lambda session: session.mail_waiting_since(now))

    await make(told, notice(1, to=TWO.id))
    assert await since(NOON) is None, "nobody said where it should go"
    await make(told, notice(1, made=2 * HOUR), notice(2, made=HOUR))
    assert await since(NOON) == NOON + HOUR
    assert await since(NOON + 15 * DAY) is None


async def test_only_what_is_unknown_and_of_use_is_sent_again(
    told: Store, read_store: ReadStore
) -> None:
    async def again(number: int, now: datetime = NOON) -> bool:
        return await told.write(lambda s: s.send_again(notice(number).id, now))

    async def unknown(of: OrganisationId | None = None) -> Sequence[ShownNotice]:
        return await read_store.read(lambda s: s.notices_in(MailState.UNKNOWN, of, 10))

    await make(told, notice(1), notice(2))
    assert not await again(1)
    await claim(told)
    assert not await again(1)
    await told.write(lambda s: s.settle(LETTER, MailState.UNKNOWN, NOON, "left half done"))
    await make(told, notice(3))
    assert {each.notice.fact.card for each in await unknown()} == {card(1).id, card(2).id}
    assert len(await unknown(ONE.id)) == 2
    assert await unknown(TWO.id) == ()
    assert not await again(1, NOON + 14 * DAY)
    assert await again(1)
    assert not await again(1)
    assert [each.notice.fact.card for each in await unknown()] == [card(2).id]
    letter = await claim(told, NOON, ANOTHER)
    assert letter is not None
    assert {each.notice.fact.card for each in letter.notices} == {card(1).id, card(3).id}
