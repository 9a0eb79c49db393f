"""Cards whose certificate has expired, and cards blocked for long, on every engine."""

from datetime import datetime, timedelta
from functools import partial

from pki.domain import cards
from pki.domain.cards import Card
from pki.domain.endings.by_time import expired
from pki.domain.reasons import BlockReason
from pki.domain.status import Good, OnHold, Revoked
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store
from stores.samples import NOON, card, certificate, serial
from stores.steps import change, issue, put

TICK = timedelta(microseconds=1)
END = certificate(1).not_after


def active(number: int) -> Card:
    issued = cards.certified(card(number), serial=serial(number), at=NOON)
    return cards.confirmed(issued, at=NOON)


async def test_expired_cards_are_found_and_come_back(store: Store, read_store: ReadStore) -> None:
    good, held = active(1), cards.blocked(active(2), reason=BlockReason.LOSS, at=NOON + TICK)
    await issue(store, 1, 2, 3)
    for each in (good, held):
        await put(store, each)
    assert await read_store.read(lambda session: session.cards_expired_before(END)) == ()
    found = await read_store.read(lambda session: session.cards_expired_before(END + TICK))
    assert found == (good, held)
    for each in found:
        over = expired(each, at=END + TICK)
        await put(store, over)
        assert await read_store.read(partial(ReadSession.card, card_id=over.id)) == over
    assert await read_store.read(lambda session: session.cards_expired_before(END + TICK)) == ()


async def test_an_expired_card_makes_room_for_a_new_one(
    store: Store, read_store: ReadStore
) -> None:
    await issue(store, 1)
    over = expired(active(1), at=END + TICK)
    await put(store, over)
    assert await read_store.read(lambda session: session.live_card_of(over.person_id)) is None
    await put(store, card(2, person=1))


async def test_blocked_cards_are_found_by_the_start_of_the_block(
    store: Store, read_store: ReadStore
) -> None:
    later = NOON + TICK
    await issue(store, 1, 2, 3)
    held = [
        cards.blocked(active(number), reason=BlockReason.LOSS, at=at)
        for number, at in ((1, later), (2, NOON))
    ]
    for each in (*held, active(3)):
        await put(store, each)

    async def since_before(at: datetime) -> tuple[Card, ...]:
        return await read_store.read(lambda session: session.cards_blocked_before(at))

    assert await since_before(NOON) == ()
    assert await since_before(later) == (held[1],)
    assert await since_before(later + TICK) == (held[1], held[0])


async def test_certificates_in_use_that_end_are_counted(
    store: Store, read_store: ReadStore
) -> None:
    await issue(store, 1, 2, 3, 4)
    await change(store, 2, OnHold(since=NOON))
    await change(store, 3, Revoked(at=NOON, reason=None))

    async def ending(after: datetime, upto: datetime) -> int:
        return await read_store.read(lambda session: session.certificates_ending(after, upto))

    assert await ending(NOON, END) == 1
    await change(store, 4, Good())
    assert await ending(NOON, END) == 2
    assert await ending(NOON, END - TICK) == 0
    assert await ending(END, END + TICK) == 0
