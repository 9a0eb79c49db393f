"""Cards, people, organisations, operators, challenges and sessions."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from pki.domain import cards
from pki.domain.cards import Card
from pki.domain.errors import Conflict, NotFound
from pki.domain.identifiers import CardNumber, OrganisationId, PersonId, Ura, UziNumber
from pki.domain.people import Operator, OrganisationState, Person, PersonName, Role
from pki.domain.reasons import BlockReason, RevokeReason
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store
from stores.samples import (
    NOON,
    URA,
    card,
    challenge,
    octets,
    opaque,
    organisation,
    person,
    serial,
)
from stores.steps import put

LATER = NOON + timedelta(hours=1)


def lives(number: int) -> list[Card]:
    """A card in each phase it can have, in the order of a life."""
    ordered = card(number)
    issued = cards.certified(ordered, serial=serial(number), at=LATER)
    active = cards.confirmed(issued, at=LATER)
    blocked = cards.blocked(active, reason=BlockReason.LOSS, at=LATER)
    ended = cards.revoked(blocked, reason=RevokeReason.LEFT_EMPLOYMENT, at=LATER)
    return [ordered, issued, active, blocked, cards.unblocked(blocked, at=LATER), blocked, ended]


async def test_a_card_comes_back_in_every_phase(store: Store, read_store: ReadStore) -> None:
    unfinished = [
        cards.lapsed(card(2), not_before=None, at=LATER),
        cards.lapsed(lives(3)[1], not_before=NOON, at=LATER),
    ]
    for each in [*lives(1), card(2), unfinished[0], card(3), unfinished[1]]:
        await put(store, each)
        assert await read_store.read(partial(ReadSession.card, card_id=each.id)) == each
        by_key = partial(ReadSession.card_by_order_key, key=each.order_key)
        assert await read_store.read(by_key) == each
        if each.serial is not None:
            by_serial = partial(ReadSession.card_by_serial, serial=each.serial)
            assert await read_store.read(by_serial) == each


async def test_what_was_never_put_is_none(read_store: ReadStore) -> None:
    found = await read_store.read(
        lambda reads: [
            reads.card(card(1).id),
            reads.card_by_order_key(card(1).order_key),
            reads.card_by_number(card(1).card_number),
            reads.card_by_serial(serial(1)),
            reads.live_card_of(person(1).id),
            reads.person(person(1).id),
            reads.person_by_uzi_number(person(1).uzi_number),
            reads.organisation(organisation(1).id),
            reads.organisation_by_ura(URA),
            reads.operator_by_certificate(bytes(32)),
            reads.certificate(serial(1)),
            reads.intent(serial(1)),
            reads.open_intent_of(card(1).id),
            reads.session_by_token(bytes(32)),
            reads.challenge(challenge(1).id),
            reads.installation(),
        ]
    )
    assert found == [None] * len(found)
    assert await read_store.read(lambda reads: reads.cards_of_person(UziNumber("000000001"))) == ()
    assert await read_store.read(lambda reads: reads.links_of(card(1).id)) == ()


async def test_a_person_has_one_live_card(store: Store, read_store: ReadStore) -> None:
    first, *_, ended = lives(1)
    second = card(2, person=1)
    await put(store, first)
    with pytest.raises(Conflict, match="second"):
        await put(store, second)
    assert await read_store.read(lambda reads: reads.live_card_of(first.person_id)) == first
    await put(store, ended)
    assert await read_store.read(lambda reads: reads.live_card_of(first.person_id)) is None
    await put(store, second)
    assert await read_store.read(lambda reads: reads.live_card_of(first.person_id)) == second


async def test_a_card_number_is_free_again_after_a_lapsed_order(
    store: Store, read_store: ReadStore
) -> None:
    number = CardNumber("ZORG-1")
    first, second = replace(card(1), card_number=number), replace(card(2), card_number=number)
    await put(store, first)
    with pytest.raises(Conflict):
        await put(store, second)
    lapsed = cards.lapsed(first, not_before=None, at=LATER)
    await put(store, lapsed)
    assert await read_store.read(lambda reads: reads.card_by_number(number)) == lapsed
    await put(store, second)
    assert await read_store.read(lambda reads: reads.card_by_number(number)) == second


async def test_an_order_key_is_one_card(store: Store) -> None:
    await put(store, card(1))
    with pytest.raises(Conflict):
        await put(store, replace(card(2), order_key=card(1).order_key))


async def test_cards_of_a_person_newest_first(store: Store, read_store: ReadStore) -> None:
    old = lives(1)[-1]
    new = card(2, phase=cards.Ordered(at=LATER), person=1)
    await put(store, person(1))
    await put(store, person(3))
    for each in (card(1), old, new, card(3)):
        await put(store, each)
    number = person(1).uzi_number
    assert await read_store.read(lambda reads: reads.cards_of_person(number)) == (new, old)


async def test_cards_that_wait_too_long_are_found(store: Store, read_store: ReadStore) -> None:
    issued = lives(3)[1]
    for each in (card(1), card(2, phase=cards.Ordered(at=LATER)), card(3), issued):
        await put(store, each)
    moment = timedelta(microseconds=1)
    found = await read_store.read(
        lambda reads: [
            reads.cards_ordered_before(NOON),
            reads.cards_ordered_before(NOON + moment),
            reads.cards_issued_before(LATER),
            reads.cards_issued_before(LATER + moment),
        ]
    )
    assert found == [(), (card(1),), (), (issued,)]


async def test_a_person_is_replaced_and_can_be_erased(store: Store, read_store: ReadStore) -> None:
    await store.write(lambda change: change.put_person(person(1), b"one"))
    married = Person(
        id=person(1).id,
        uzi_number=person(1).uzi_number,
        name=PersonName(surname="Jansen", given_names="Anna", common_name="Anna Jansen"),
    )
    await store.write(lambda change: change.put_person(married, b"two"))
    assert await store.write(lambda change: change.sealed_birth_date(married.id)) == b"two"
    assert await store.write(lambda change: change.sealed_birth_date(person(2).id)) is None
    await put(store, card(1))
    found = await read_store.read(
        lambda reads: (reads.person(married.id), reads.person_by_uzi_number(married.uzi_number))
    )
    assert found == (married, married)
    with store._engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM persons"))
    assert await read_store.read(lambda reads: reads.person(married.id)) is None
    assert await read_store.read(lambda reads: reads.card(card(1).id)) == card(1)


async def test_one_uzi_number_is_one_person(store: Store) -> None:
    await store.write(lambda change: change.put_person(person(1), b"x"))
    twin = replace(person(1), id=PersonId(opaque(2)))
    with pytest.raises(Conflict) as refused:
        await store.write(lambda change: change.put_person(twin, b"x"))
    assert twin.uzi_number.value not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_links_have_a_beginning_and_an_end(store: Store, read_store: ReadStore) -> None:
    one, two = organisation(1), organisation(2)
    for each in (one, two):
        await put(store, each)
    await put(store, card(1))
    await store.write(lambda change: change.put_link(card(1).id, two.id, NOON))
    await store.write(lambda change: change.put_link(card(1).id, one.id, NOON))
    links = await read_store.read(lambda reads: reads.links_of(card(1).id))
    assert links == (one.ura, two.ura)
    with pytest.raises(Conflict):
        await store.write(lambda change: change.put_link(card(1).id, one.id, LATER))
    await store.write(lambda change: change.end_link(card(1).id, one.id, LATER))
    assert await read_store.read(lambda reads: reads.links_of(card(1).id)) == (two.ura,)
    with pytest.raises(NotFound):
        await store.write(lambda change: change.end_link(card(1).id, one.id, LATER))
    await store.write(lambda change: change.put_link(card(1).id, one.id, LATER))
    links = await read_store.read(lambda reads: reads.links_of(card(1).id))
    assert links == (one.ura, two.ura)


async def test_a_link_needs_card_and_organisation(store: Store) -> None:
    nowhere = OrganisationId(opaque(99))
    await put(store, card(1))
    with pytest.raises(Conflict):
        await store.write(lambda change: change.put_link(card(1).id, nowhere, NOON))


async def test_an_organisation_closes_and_stays(store: Store, read_store: ReadStore) -> None:
    one = organisation(1)
    closed = replace(one, state=OrganisationState.CLOSED)
    for each in (one, closed):
        await put(store, each)
        found = await read_store.read(
            lambda reads: (reads.organisation(one.id), reads.organisation_by_ura(one.ura))
        )
        assert found == (each, each)
    with pytest.raises(Conflict):
        await put(store, replace(organisation(2), ura=one.ura))


async def test_an_operator_is_found_by_certificate(store: Store, read_store: ReadStore) -> None:
    team = Operator(
        id=PersonId(opaque(1)),
        role=Role.ZORGID_TEAM,
        ura=None,
        certificate_sha256=octets(1, "operator"),
    )
    moved = replace(team, role=Role.BEHEERDER, ura=Ura("90000001"))
    for each in (team, moved):
        await put(store, each)
        found = await read_store.read(
            lambda reads: reads.operator_by_certificate(team.certificate_sha256)
        )
        assert found == each
