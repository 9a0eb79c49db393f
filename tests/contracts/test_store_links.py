"""Since when no organisation manages a card, on every engine."""

from datetime import datetime, timedelta

import pytest

from pki.domain import cards
from pki.domain.cards import Card
from pki.domain.identifiers import OrganisationId
from pki.domain.reasons import BlockReason, RevokeReason
from pki.store.reading import ReadStore
from pki.store.writing import Store
from stores.samples import NOON, card, organisation, serial
from stores.steps import put

ONE, TWO = organisation(1), organisation(2)
TICK = timedelta(microseconds=1)


def hours(count: float) -> datetime:
    return NOON + timedelta(hours=count)


def active(number: int) -> Card:
    issued = cards.certified(card(number), serial=serial(number), at=NOON)
    return cards.confirmed(issued, at=NOON)


async def link(store: Store, of: Card, to: OrganisationId, since: float, until: float = 0) -> None:
    await store.write(lambda change: change.put_link(of.id, to, hours(since)))
    if until:
        await store.write(lambda change: change.end_link(of.id, to, hours(until)))


async def since(reads: ReadStore, of: Card) -> datetime | None:
    return await reads.read(lambda session: session.unlinked_since(of.id))


@pytest.fixture
async def linking(store: Store) -> Store:
    for each in (ONE, TWO):
        await put(store, each)
    return store


async def test_the_clock_runs_from_the_last_link_on(linking: Store, read_store: ReadStore) -> None:
    mine = active(1)
    await put(linking, mine)
    assert await since(read_store, mine) is None
    await link(linking, mine, ONE.id, 0, until=5)
    assert await since(read_store, mine) == hours(5)
    await link(linking, mine, TWO.id, 1)
    assert await since(read_store, mine) is None
    await linking.write(lambda change: change.end_link(mine.id, TWO.id, hours(4)))
    assert await since(read_store, mine) == hours(5)
    await link(linking, mine, ONE.id, 6)
    assert await since(read_store, mine) is None
    await linking.write(lambda change: change.end_link(mine.id, ONE.id, hours(7)))
    assert await since(read_store, mine) == hours(7)


async def test_who_is_without_an_organisation_too_long_is_found_oldest_first(
    linking: Store, read_store: ReadStore
) -> None:
    late, early, linked, again, never = (active(number) for number in range(1, 6))
    early = cards.blocked(early, reason=BlockReason.LOSS, at=hours(2))
    for each in (late, early, linked, again, never):
        await put(linking, each)
    await link(linking, late, ONE.id, 0, until=3)
    await link(linking, early, ONE.id, 0, until=1)
    await link(linking, early, TWO.id, 0, until=2)
    await link(linking, linked, ONE.id, 0, until=1)
    await link(linking, linked, TWO.id, 0)
    await link(linking, again, ONE.id, 0, until=1)
    await link(linking, again, ONE.id, 2)

    async def found(at: datetime) -> tuple[Card, ...]:
        return await read_store.read(lambda session: session.cards_unlinked_before(at))

    assert await found(hours(2) - TICK) == ()
    assert await found(hours(2)) == (early,)
    assert await found(hours(99)) == (early, late)
    ended = cards.revoked(early, reason=RevokeReason.LOSS_OR_THEFT, at=hours(4))
    await put(linking, ended)
    assert await found(hours(99)) == (late,)
