"""Operators are appointed with a code, and take it up."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings, client_certificate
from issuance.lapse import lapse_overdue
from issuance.operators.appoint import (
    appoint_operator,
    withdraw_appointment,
)
from issuance.operators.block import block_operator
from issuance.operators.listing import operators_for
from issuance.operators.take_up import take_up_appointment
from issuance.register_operator import NewOperator, register_operator
from issuance.steps.callers import operator_of
from issuing.appointments import LOSS, TICK, appointed, wanted
from issuing.holder import Holder
from pki.domain.errors import (
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    Refused,
    Unauthenticated,
)
from pki.domain.events import OperatorRegistered
from pki.domain.identifiers import Ura
from pki.domain.people import Role
from pki.domain.reasons import RefusalReason
from pki.domain.registration.events import AppointmentWithdrawn


async def test_an_administrator_appoints_and_the_code_is_good_once(around: Surroundings) -> None:
    administrator = around.operator(Role.ADMINISTRATOR, APOTHEEK)
    made = await appoint_operator(around.desk, administrator, wanted(Role.ADMINISTRATOR))
    assert made.code not in repr(made)
    operator = await take_up_appointment(around.desk, b"theirs", made.code.lower())
    assert (operator.role, operator.ura) == (Role.ADMINISTRATOR, APOTHEEK)
    assert await operator_of(around.desk, b"theirs") == operator
    with pytest.raises(Unauthenticated):
        await take_up_appointment(around.desk, b"another", made.code)
    (entry,) = around.store.events(OperatorRegistered)
    assert (entry.actor.id, entry.actor.ura) == (operator.id.value, APOTHEEK)


@pytest.mark.parametrize(
    ("role", "ura"),
    [(Role.BEHEERDER, APOTHEEK), (Role.ADMINISTRATOR, HUISARTS), (Role.BEHEERDER, HUISARTS)],
)
async def test_no_beheerder_and_nobody_elsewhere_appoints(
    around: Surroundings, role: Role, ura: Ura
) -> None:
    asker = around.operator(role, ura)
    for act in (
        appoint_operator(around.desk, asker, wanted()),
        block_operator(around.desk, asker, around.team.id, APOTHEEK, LOSS),
        operators_for(around.desk, asker, APOTHEEK),
    ):
        with pytest.raises(Forbidden):
            await act


async def test_nobody_appoints_themself(around: Surroundings) -> None:
    made = await appointed(around, wanted(Role.ADMINISTRATOR))
    administrator = await take_up_appointment(around.desk, b"theirs", made.code)
    with pytest.raises(Refused) as raised:
        await appoint_operator(around.desk, administrator, wanted(Role.ADMINISTRATOR))
    assert raised.value.reason is RefusalReason.OWN_ROLE
    beheerder = replace(administrator, role=Role.BEHEERDER)
    with pytest.raises(Forbidden):
        await appoint_operator(around.desk, beheerder, wanted(Role.ADMINISTRATOR))


async def test_the_code_lasts_ten_days(around: Surroundings) -> None:
    made = await appointed(around)
    start = around.clock.at
    around.clock.at = start + timedelta(days=10)
    with pytest.raises(Unauthenticated):
        await take_up_appointment(around.desk, b"theirs", made.code)
    around.clock.at -= TICK
    operator = await take_up_appointment(around.desk, b"theirs", made.code)
    assert operator.id == made.appointment.person_id


async def test_who_is_appointed_makes_no_card_until_it_is_withdrawn_or_late(
    around: Surroundings, holder: Holder
) -> None:
    made = await appointed(around, wanted(number=holder.number))
    with pytest.raises(Refused) as raised:
        await holder.begin()
    assert raised.value.reason is RefusalReason.HOLDER_USES_MOBIEL
    await withdraw_appointment(around.desk, around.team, made.appointment.id)
    await holder.begin()
    await appointed(around, wanted(number=holder.number))
    around.clock.advance(days=10, seconds=1)
    await lapse_overdue(around.desk)
    await holder.make()
    with pytest.raises(Refused) as raised:
        await appointed(around, wanted(number=holder.number))
    assert raised.value.reason is RefusalReason.HOLDER_HAS_CARD


async def test_a_card_made_meanwhile_bars_taking_up(around: Surroundings, holder: Holder) -> None:
    # Another server may have read the person as free before the appointment was committed.
    await holder.make()
    made = await appointed(around)
    tables = around.store.tables
    person = next(iter(tables.cards.values())).person_id
    late = replace(made.appointment, person_id=person)
    tables.appointments[late.id] = late
    with pytest.raises(Refused) as raised:
        await take_up_appointment(around.desk, b"theirs", made.code)
    assert raised.value.reason is RefusalReason.HOLDER_HAS_CARD


async def test_a_new_appointment_replaces_the_former_one(around: Surroundings) -> None:
    first, second = await appointed(around), await appointed(around, wanted(Role.ADMINISTRATOR))
    with pytest.raises(Unauthenticated):
        await take_up_appointment(around.desk, b"theirs", first.code)
    operator = await take_up_appointment(around.desk, b"theirs", second.code)
    assert operator.role is Role.ADMINISTRATOR
    assert len(around.store.events(AppointmentWithdrawn)) == 1


async def test_a_supplier_is_beheerder_at_most(around: Surroundings) -> None:
    with pytest.raises(Refused) as raised:
        await appointed(around, wanted(Role.ADMINISTRATOR, supplier="Leverancier B.V."))
    assert raised.value.reason is RefusalReason.SUPPLIER_ROLE
    made = await appointed(around, wanted(supplier="Leverancier B.V."))
    operator = await take_up_appointment(around.desk, b"theirs", made.code)
    assert operator.supplier == "Leverancier B.V."
    new = NewOperator(role=Role.ADMINISTRATOR, ura=HUISARTS, certificate=b"c", supplier="X")
    with pytest.raises(Refused):
        await register_operator(around.desk, around.team, new)


async def test_what_is_no_appointment(around: Surroundings) -> None:
    with pytest.raises(Malformed):
        await appointed(around, wanted(Role.ZORGID_TEAM))
    with pytest.raises(Refused) as raised:
        await appointed(around, wanted(ura=Ura("11111111")))
    assert raised.value.reason is RefusalReason.ORGANISATION_UNKNOWN
    made = await appointed(around)
    with pytest.raises(Unauthenticated):
        await take_up_appointment(around.desk, None, made.code)
    with pytest.raises(Unauthenticated):
        await take_up_appointment(around.desk, b"theirs", "A" * 26)
    with pytest.raises(Conflict):
        await take_up_appointment(
            around.desk, client_certificate(Role.ZORGID_TEAM, None), made.code
        )
    stranger = around.operator(Role.ADMINISTRATOR, HUISARTS)
    with pytest.raises(Forbidden):
        await withdraw_appointment(around.desk, stranger, made.appointment.id)
    await withdraw_appointment(around.desk, around.team, made.appointment.id)
    with pytest.raises(NotFound):
        await withdraw_appointment(around.desk, around.team, made.appointment.id)
