"""People besides their cards, on every engine."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from pki.domain.attributes.records import Attribute
from pki.domain.cards import Lapsed, Ordered
from pki.domain.errors import Conflict
from pki.domain.identifiers import (
    AttributeId,
    MobielId,
    PersonId,
    Ura,
)
from pki.domain.mobiel.records import (
    MobielInvitation,
    MobielState,
)
from pki.domain.people import Operator, Role
from pki.store.reading import ReadStore
from pki.store.write_session import WriteSession
from pki.store.writing import Store
from stores.phones import HERE, mobiel
from stores.samples import NOON, SetClock, card, octets, opaque

THERE = Ura("90000002")


def attribute(number: int, person: int = 7, ura: Ura = HERE, code: str = "01.015") -> Attribute:
    return Attribute(
        id=AttributeId(opaque(number)),
        person_id=PersonId(opaque(person)),
        ura=ura,
        type="zorgtaak",
        task_code=code,
        since=NOON,
    )


async def test_attributes_come_and_go(store: Store, read_store: ReadStore) -> None:
    one, two = attribute(1, code="17.075"), attribute(2)
    others = attribute(3, person=8), attribute(4, ura=THERE)
    for each in (one, two, *others):
        await store.write(lambda session, each=each: session.put_attribute(each))  # type: ignore[misc] # bound early
    of = await read_store.read(lambda reads: reads.attributes_of(one.person_id, HERE))
    assert of == (two, one)
    at = await read_store.read(lambda reads: reads.attributes_at(HERE))
    assert set(at) == {one, two, others[0]}
    assert await read_store.read(lambda reads: reads.attribute(one.id)) == one
    await store.write(lambda session: session.remove_attribute(one.id))
    assert await read_store.read(lambda reads: reads.attribute(one.id)) is None
    assert await read_store.read(lambda reads: reads.attributes_of(one.person_id, HERE)) == (two,)


async def test_nobody_has_an_attribute_twice(store: Store) -> None:
    await store.write(lambda session: session.put_attribute(attribute(1)))
    with pytest.raises(Conflict):
        await store.write(
            lambda session: session.put_attribute(replace(attribute(1), id=AttributeId(opaque(2))))
        )


def invitation(number: int, person: int = 7, days: int = 10) -> MobielInvitation:
    return MobielInvitation(
        id=MobielId(opaque(number)),
        code_sha256=octets(number, "code"),
        person_id=PersonId(opaque(person)),
        ura=HERE,
        expires_at=NOON + timedelta(days=days),
    )


async def test_a_mobiel_is_read_as_it_was_written(store: Store, read_store: ReadStore) -> None:
    one = mobiel(1)
    await store.write(lambda session: session.put_mobiel(one))
    blocked = replace(one, state=MobielState.BLOCKED, ura=THERE, state_at=NOON + timedelta(hours=1))
    await store.write(lambda session: session.put_mobiel(blocked))
    await store.write(lambda session: session.see_operator(one.certificate_sha256, NOON))
    seen = replace(blocked, seen_at=NOON)
    for read in (
        await read_store.read(lambda reads: reads.mobiel(one.id)),
        await read_store.read(lambda reads: reads.mobiel_by_certificate(one.certificate_sha256)),
        await read_store.read(lambda reads: reads.mobiel_of(one.person_id)),
        *await read_store.read(lambda reads: reads.mobiel_at(THERE)),
    ):
        assert read == seen
    assert await read_store.read(lambda reads: reads.uses_mobiel(one.person_id))
    ended = replace(seen, state=MobielState.ENDED)
    await store.write(lambda session: session.put_mobiel(ended))
    assert await read_store.read(lambda reads: reads.mobiel_of(one.person_id)) is None
    assert not await read_store.read(lambda reads: reads.uses_mobiel(one.person_id))


async def test_a_person_has_one_mobiel_at_a_time(store: Store) -> None:
    one = mobiel(1)
    await store.write(lambda session: session.put_mobiel(one))
    with pytest.raises(Conflict):
        await store.write(lambda session: session.put_mobiel(mobiel(2)))
    await store.write(lambda session: session.put_mobiel(replace(one, state=MobielState.ENDED)))
    await store.write(lambda session: session.put_mobiel(mobiel(2)))


async def test_the_database_knows_that_card_and_mobiel_exclude_each_other(store: Store) -> None:
    made = card(1, Ordered(at=NOON))
    theirs = replace(mobiel(1), person_id=made.person_id)
    await store.write(lambda session: session.put_card(made))
    with pytest.raises(Conflict):
        await store.write(lambda session: session.put_mobiel(theirs))
    lapsed = replace(made, phase=Lapsed(at=NOON, serial=None, revoked_at=None))
    await store.write(lambda session: session.put_card(lapsed))
    await store.write(lambda session: session.put_mobiel(theirs))
    other = replace(card(2, Ordered(at=NOON)), person_id=made.person_id)
    with pytest.raises(Conflict):
        await store.write(lambda session: session.put_card(other))
    await store.write(lambda session: session.put_mobiel(replace(theirs, state=MobielState.ENDED)))
    await store.write(lambda session: session.put_card(other))


async def test_of_two_servers_one_writes(store: Store, store_url: str) -> None:
    """Each believes that the person has nothing; the second one is refused by the database."""
    made = card(1, Ordered(at=NOON))
    theirs = replace(mobiel(1), person_id=made.person_id)
    other = Store.open(store_url, clock=SetClock())
    refused: list[Conflict] = []

    async def attempt(server: Store, work: Callable[[WriteSession], None]) -> None:
        try:
            await server.write(work)
        except Conflict as conflict:
            refused.append(conflict)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(attempt(store, lambda session: session.put_card(made)))
            group.create_task(attempt(other, lambda session: session.put_mobiel(theirs)))
    finally:
        await other.close()
    assert len(refused) == 1


async def test_invitations_are_one_a_person_and_expire(store: Store, read_store: ReadStore) -> None:
    soon, late = invitation(1, days=1), invitation(2, 8, days=-1)
    for each in (soon, late):
        await store.write(lambda session, each=each: session.put_invitation(each))  # type: ignore[misc] # bound early
    with pytest.raises(Conflict):
        await store.write(lambda session: session.put_invitation(invitation(3)))
    assert await read_store.read(lambda reads: reads.invitations_at(HERE)) == (late, soon)
    for read in (
        await read_store.read(lambda reads: reads.invitation(soon.id)),
        await read_store.read(lambda reads: reads.invitation_by_code(soon.code_sha256)),
        await read_store.read(lambda reads: reads.invitation_of(soon.person_id)),
    ):
        assert read == soon
    assert await read_store.read(lambda reads: reads.uses_mobiel(soon.person_id))
    await store.write(lambda session: session.remove_expired_invitations())
    assert await read_store.read(lambda reads: reads.invitations_at(HERE)) == (soon,)
    await store.write(lambda session: session.remove_invitation(soon.id))
    assert not await read_store.read(lambda reads: reads.uses_mobiel(soon.person_id))


async def test_who_cannot_log_in_is_no_other_administrator(store: Store) -> None:
    phone = mobiel(1)
    role = Operator(
        id=phone.person_id,
        role=Role.ADMINISTRATOR,
        ura=HERE,
        certificate_sha256=phone.certificate_sha256,
    )
    somebody = PersonId(opaque(9))

    def able(session: WriteSession) -> bool:
        return session.has_operator(Role.ADMINISTRATOR, HERE, besides=somebody)

    await store.write(lambda session: session.put_operator(role))
    await store.write(lambda session: session.put_mobiel(phone))
    assert await store.write(able)
    blocked = replace(phone, state=MobielState.BLOCKED)
    await store.write(lambda session: session.put_mobiel(blocked))
    assert not await store.write(able)
