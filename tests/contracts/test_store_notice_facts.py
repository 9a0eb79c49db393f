"""What notices are about, as the store knows it, on every engine."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from pki.domain import cards
from pki.domain.cards import Card
from pki.domain.identifiers import CardId, OrganisationId
from pki.domain.notices.records import Fact, MailState, Notice, NoticeKind
from pki.domain.reasons import BlockReason
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import NOON, card, organisation, serial
from stores.steps import issue, put

ONE, TWO = organisation(1), organisation(2)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOT_AFTER = NOON + timedelta(days=1095)


@pytest.fixture
async def told(store: Store) -> Store:
    """Two organisations and three cards in use."""
    for each in (ONE, TWO):
        await put(store, each)
    await issue(store, 1, 2, 3)
    for number in (1, 2, 3):
        issued = cards.certified(card(number), serial=serial(number), at=NOON)
        await put(store, cards.confirmed(issued, at=NOON))
    return store


async def tell(store: Store, fact: Fact) -> None:
    notice = Notice(
        id=fact.notice_id(TWO.id),
        organisation=TWO.id,
        fact=fact,
        made_at=NOON,
        mail=MailState.WAITING,
        mail_at=NOON,
    )
    assert await store.write(lambda session: session.put_notices([notice])) == 1


async def test_who_managed_a_card_at_a_time(told: Store, read_store: ReadStore) -> None:
    async def at(hours: float) -> set[OrganisationId]:
        moment = NOON + hours * HOUR
        asked = [(card(1).id, moment), (card(2).id, moment)]
        found = await read_store.read(lambda s: s.linked_at(asked))
        assert found[asked[1]] == (), "nobody ever was linked to it"
        return set(found[asked[0]])

    for to, since, until in ((ONE.id, 0, 4), (TWO.id, 1, 6), (ONE.id, 8, 9)):
        link: dict[str, Any] = {"card_id": card(1).id, "organisation_id": to}
        await told.write(partial(WriteSession.put_link, **link, since=NOON + since * HOUR))
        await told.write(partial(WriteSession.end_link, **link, until=NOON + until * HOUR))
    assert await at(-1) == set()
    assert await at(0.5) == {ONE.id}
    assert await at(2) == {ONE.id, TWO.id}
    assert await at(4) == {TWO.id}
    assert await at(7) == {TWO.id}, "nobody did: who did last"
    assert await at(8) == {ONE.id}
    assert await at(20) == {ONE.id}


async def test_cards_that_expire_are_found_until_it_is_told(
    told: Store, read_store: ReadStore
) -> None:
    async def due(kind: NoticeKind, after: datetime, upto: datetime) -> set[CardId]:
        found = await read_store.read(lambda s: s.cards_to_expire(kind, after, upto))
        assert {at for _, at in found} <= {NOT_AFTER}
        return {card_id for card_id, _ in found}

    kind = NoticeKind.EXPIRES_30
    everyone = {card(number).id for number in (1, 2, 3)}
    assert await due(kind, NOON, NOT_AFTER) == everyone
    assert await due(kind, NOON, NOT_AFTER - HOUR) == set()
    assert await due(kind, NOT_AFTER, NOT_AFTER + DAY) == set()
    await tell(told, Fact(kind=kind, card=card(2).id, at=NOT_AFTER, until=NOT_AFTER))
    assert await due(kind, NOON, NOT_AFTER) == everyone - {card(2).id}
    assert await due(NoticeKind.EXPIRES_7, NOON, NOT_AFTER) == everyone


async def test_cards_that_are_held_long_are_found_until_it_is_told(
    told: Store, read_store: ReadStore
) -> None:
    async def held(before: datetime) -> list[CardId]:
        found = await read_store.read(lambda s: s.cards_held_untold(before))
        return [card_id for card_id, _ in found]

    blocked = await _blocked(told, read_store, 2)
    assert await held(NOON) == []
    assert await held(NOON + DAY) == [blocked.id]
    fact = Fact(kind=NoticeKind.HELD, card=card(2).id, at=NOON, until=NOON + DAY)
    await tell(told, fact)
    assert await held(NOON + DAY) == []


async def _blocked(store: Store, reads: ReadStore, number: int) -> Card:
    found = await reads.read(lambda session: session.card(card(number).id))
    assert found is not None
    blocked = cards.blocked(found, reason=BlockReason.LOSS, at=NOON)
    await put(store, blocked)
    return blocked
