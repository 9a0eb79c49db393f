"""Organisations that merge, operators blocked or seen, and appointments, on every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pki.domain.errors import Conflict
from pki.domain.identifiers import AppointmentId, OrganisationId, PersonId, Ura
from pki.domain.people import Operator, OrganisationKind, OrganisationState, Role
from pki.domain.registration.records import Appointment
from pki.store.reading import ReadStore
from pki.store.writing import Store
from stores.samples import NOON, card, octets, opaque, organisation
from stores.steps import put

HERE, THERE = Ura("90000001"), Ura("90000002")


def operator(number: int, role: Role = Role.BEHEERDER, ura: Ura | None = HERE) -> Operator:
    return Operator(
        id=PersonId(opaque(number)),
        role=role,
        ura=ura,
        certificate_sha256=octets(number, "operator"),
        supplier="Leverancier B.V.",
        seen_at=NOON,
    )


def appointment(number: int, *, person: int = 7, days: int = 10) -> Appointment:
    return Appointment(
        id=AppointmentId(opaque(number)),
        code_sha256=octets(number, "code"),
        person_id=PersonId(opaque(person)),
        role=Role.ADMINISTRATOR,
        ura=HERE,
        supplier=None,
        expires_at=NOON + timedelta(days=days),
    )


async def test_a_merged_organisation_keeps_its_successor(
    store: Store, read_store: ReadStore
) -> None:
    into = organisation(2)
    one = replace(organisation(1), kind=OrganisationKind.HUISARTSENPOST)
    merged = replace(one, state=OrganisationState.MERGED, successor=into.id)
    await put(store, into)
    for each in (one, merged):
        await put(store, each)
        assert await read_store.read(lambda reads: reads.organisation(one.id)) == each
    nowhere = OrganisationId(opaque(99))
    with pytest.raises(Conflict):
        await put(store, replace(merged, successor=nowhere))


async def test_the_cards_an_organisation_manages(store: Store, read_store: ReadStore) -> None:
    one, two = organisation(1), organisation(2)
    for each in (one, two, card(1), card(2), card(3)):
        await put(store, each)
    for number, by in ((2, one), (1, one), (3, two)):
        await store.write(
            lambda change, n=number, o=by: change.put_link(card(n).id, o.id, NOON)  # type: ignore[misc] # bound early
        )
    found = await read_store.read(lambda reads: reads.cards_linked_to(one.id))
    assert found == tuple(sorted((card(1).id, card(2).id)))
    await store.write(lambda change: change.end_link(card(1).id, one.id, NOON))
    assert await read_store.read(lambda reads: reads.cards_linked_to(one.id)) == (card(2).id,)


async def test_operators_of_a_person_and_of_an_organisation(
    store: Store, read_store: ReadStore
) -> None:
    here, there = operator(1), replace(operator(2), id=PersonId(opaque(1)), ura=THERE)
    for each in (here, there):
        await put(store, each)
    both = tuple(sorted((here, there), key=lambda each: each.certificate_sha256))
    assert await read_store.read(lambda reads: reads.mappings_of(here.id)) == both
    assert await read_store.read(lambda reads: reads.operators_of(HERE)) == (here,)
    assert await read_store.read(lambda reads: reads.operators_of(Ura("90000003"))) == ()


async def test_a_blocked_operator_counts_for_nobody(store: Store) -> None:
    one, two = operator(1, Role.ADMINISTRATOR), operator(2, Role.ADMINISTRATOR)

    async def another() -> bool:
        return await store.write(
            lambda change: change.has_operator(Role.ADMINISTRATOR, HERE, besides=two.id)
        )

    for each in (one, two):
        await put(store, each)
    assert await another()
    blocked = replace(one, blocked_at=NOON)
    await put(store, blocked)
    assert not await another()
    assert await store.write(lambda change: change.mappings_of(one.id)) == (blocked,)


async def test_seeing_an_operator_brings_nobody_back(store: Store, read_store: ReadStore) -> None:
    one = operator(1)
    later = NOON + timedelta(days=1)
    await put(store, one)

    async def seen() -> Operator | None:
        await store.write(lambda change: change.see_operator(one.certificate_sha256, later))
        return await read_store.read(
            lambda reads: reads.operator_by_certificate(one.certificate_sha256)
        )

    assert await seen() == replace(one, seen_at=later)
    await store.write(lambda change: change.remove_mapping(one.certificate_sha256))
    assert await seen() is None


async def test_appointments_come_and_go(store: Store, read_store: ReadStore) -> None:
    late, soon = appointment(1), appointment(2, days=1)
    for each in (late, soon):
        await store.write(lambda change, a=each: change.put_appointment(a))  # type: ignore[misc] # bound early
    found = await read_store.read(
        lambda reads: (
            reads.appointments_of(HERE),
            reads.appointments_of(THERE),
            reads.appointment(soon.id),
            reads.appointment_by_code(late.code_sha256),
            reads.uses_mobiel(late.person_id),
            reads.uses_mobiel(PersonId(opaque(8))),
        )
    )
    assert found == ((soon, late), (), soon, late, True, False)
    with pytest.raises(Conflict):
        await store.write(
            lambda change: change.put_appointment(
                replace(appointment(3), code_sha256=late.code_sha256)
            )
        )
    await store.write(lambda change: change.remove_appointment(soon.id))
    await store.write(lambda change: change.remove_appointment(late.id))
    found_later = await read_store.read(
        lambda reads: (reads.appointment(soon.id), reads.uses_mobiel(late.person_id))
    )
    assert found_later == (None, False)


async def test_expired_appointments_go(store: Store, read_store: ReadStore) -> None:
    kept, over = appointment(1, days=36500), appointment(2, days=-36500)
    for each in (kept, over):
        await store.write(lambda change, a=each: change.put_appointment(a))  # type: ignore[misc] # bound early
    await store.write(lambda change: change.remove_expired_appointments())
    assert await read_store.read(lambda reads: reads.appointments_of(HERE)) == (kept,)
