"""What the registration authority alone asks of the store."""

import hashlib
from dataclasses import replace

import pytest

from pki.domain.cards import Ordered
from pki.domain.errors import KeyRejected
from pki.domain.events import IntentClosed
from pki.domain.identifiers import PersonId
from pki.domain.people import SYSTEM, Operator, Role
from pki.domain.records import Intent
from pki.domain.status import Revoked
from pki.store.reading import ReadStore
from pki.store.write_session import WriteSession
from pki.store.writing import Store
from stores.samples import NOON, URA, card, certificate, intent


def close(session: WriteSession, closed: Intent) -> None:
    event = IntentClosed(
        card=closed.card_id, issuer=closed.issuer, serial=closed.serial, revoked_at=NOON
    )
    revoked = Revoked(at=NOON, reason=None)
    session.set_status(closed.issuer, closed.serial, revoked, session.record(event, SYSTEM))


async def put_cards(store: Store) -> None:
    for number in (1, 2):
        made = card(number, Ordered(at=NOON))
        await store.write(lambda session, made=made: session.put_card(made))  # type: ignore[misc] # bound early


async def test_a_key_whose_intent_came_to_nothing_may_come_again_with_its_card(
    store: Store,
) -> None:
    await put_cards(store)
    first = intent(1)
    again = replace(intent(3, 1), key_sha256=first.key_sha256)
    await store.write(lambda session: session.put_intent(first))
    with pytest.raises(KeyRejected):
        await store.write(lambda session: session.put_intent(again))
    await store.write(lambda session: close(session, first))
    elsewhere = replace(intent(2), key_sha256=first.key_sha256)
    with pytest.raises(KeyRejected):
        await store.write(lambda session: session.put_intent(elsewhere))
    await store.write(lambda session: session.put_intent(again))
    assert await store.write(lambda session: session.open_intent_of(first.card_id)) == again


async def test_a_certified_key_never_comes_again(store: Store) -> None:
    await put_cards(store)
    first = intent(1)
    await store.write(lambda session: session.put_intent(first))
    await store.write(lambda session: session.put_certificate(certificate(1)))
    again = replace(intent(3, 1), key_sha256=first.key_sha256)
    with pytest.raises(KeyRejected):
        await store.write(lambda session: session.put_intent(again))


@pytest.mark.parametrize(
    ("role", "bars"),
    [(Role.ADMINISTRATOR, True), (Role.BEHEERDER, True), (Role.ZORGID_TEAM, False)],
)
async def test_managers_are_operators_in_the_sense_of_the_card_rules(
    store: Store, read_store: ReadStore, role: Role, bars: bool
) -> None:
    person = PersonId("1" * 32)
    operator = Operator(
        id=person, role=role, ura=URA, certificate_sha256=hashlib.sha256(b"c").digest()
    )
    await store.write(lambda session: session.put_operator(operator))
    assert await read_store.read(lambda session: session.uses_mobiel(person)) is bars
    other = PersonId("2" * 32)
    assert not await read_store.read(lambda session: session.uses_mobiel(other))
