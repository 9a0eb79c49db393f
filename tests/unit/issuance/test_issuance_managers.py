"""Operators: blocked, taken back, listed, seen."""

from datetime import timedelta

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings
from issuance.operators.block import block_operator, unblock_operator
from issuance.operators.listing import operators_for
from issuance.operators.take_back import take_back_operator
from issuance.operators.take_up import take_up_appointment
from issuance.register_operator import NewOperator, register_operator
from issuance.rules.representation import is_inactive
from issuance.steps.callers import operator_of
from issuing.appointments import LOSS, SOMEBODY, TICK, appointed, wanted
from issuing.holder import NAME, refusals
from pki.domain.errors import (
    Forbidden,
    NotFound,
    Refused,
    StoreUnavailable,
    Unauthenticated,
)
from pki.domain.identifiers import PersonId, UziNumber
from pki.domain.people import Operator, Role
from pki.domain.reasons import RefusalReason
from pki.domain.registration.events import OperatorBlocked, OperatorUnblocked
from pki.domain.registration.records import KnownPerson


async def certificate_of(around: Surroundings, role: Role, certificate: bytes) -> Operator:
    new = NewOperator(role=role, ura=APOTHEEK, certificate=certificate)
    return await register_operator(around.desk, around.team, new)


async def test_a_blocked_operator_may_do_nothing(around: Surroundings) -> None:
    administrator = await certificate_of(around, Role.ADMINISTRATOR, b"boss")
    other = await certificate_of(around, Role.BEHEERDER, b"other")
    change = await block_operator(around.desk, administrator, other.id, APOTHEEK, LOSS)
    assert change.operator.blocked_at == change.entry.at
    assert change.entry.event == OperatorBlocked(operator=other.id, ura=APOTHEEK, reason=LOSS)
    with pytest.raises(Forbidden):
        await operator_of(around.desk, b"other")
    with pytest.raises(Refused) as raised:
        await block_operator(around.desk, administrator, other.id, APOTHEEK, LOSS)
    assert raised.value.reason is RefusalReason.OPERATOR_STATE
    lifted = await unblock_operator(around.desk, administrator, other.id, APOTHEEK)
    assert lifted.entry.event == OperatorUnblocked(operator=other.id, ura=APOTHEEK)
    assert await operator_of(around.desk, b"other") == other
    with pytest.raises(Refused):
        await unblock_operator(around.desk, administrator, other.id, APOTHEEK)


async def test_the_only_administrator_cannot_be_blocked(around: Surroundings) -> None:
    one = await certificate_of(around, Role.ADMINISTRATOR, b"one")
    two = await certificate_of(around, Role.ADMINISTRATOR, b"two")
    await block_operator(around.desk, one, two.id, APOTHEEK, LOSS)
    for act in (
        block_operator(around.desk, around.team, one.id, APOTHEEK, LOSS),
        take_back_operator(around.desk, around.team, one.id),
    ):
        with pytest.raises(Refused) as raised:
            await act
        assert raised.value.reason is RefusalReason.LAST_ADMINISTRATOR
    assert refusals(around) == [RefusalReason.LAST_ADMINISTRATOR] * 2
    await take_back_operator(around.desk, one, two.id)
    with pytest.raises(Refused):
        await block_operator(around.desk, around.team, around.team.id, None, LOSS)


async def test_a_block_is_not_gone_around_with_another_certificate(around: Surroundings) -> None:
    made = await appointed(around)
    operator = await take_up_appointment(around.desk, b"theirs", made.code)
    await block_operator(around.desk, around.team, operator.id, APOTHEEK, LOSS)
    person = KnownPerson(uzi_number=UziNumber(SOMEBODY), name=NAME)
    new = NewOperator(role=Role.BEHEERDER, ura=APOTHEEK, certificate=b"c", person=person)
    for act in (appointed(around), register_operator(around.desk, around.team, new)):
        with pytest.raises(Refused) as raised:
            await act
        assert raised.value.reason is RefusalReason.OPERATOR_STATE


async def test_an_administrator_takes_back_their_own_people_only(around: Surroundings) -> None:
    administrator = around.operator(Role.ADMINISTRATOR, APOTHEEK)
    person = PersonId("ab" * 16)
    here = around.operator(Role.BEHEERDER, APOTHEEK, person)
    there = around.operator(Role.BEHEERDER, HUISARTS, person)
    taken = await take_back_operator(around.desk, administrator, person)
    assert taken.certificates == 1
    left = around.store.tables.operators
    assert here.certificate_sha256 not in left
    assert left[there.certificate_sha256] == there
    with pytest.raises(NotFound):
        await take_back_operator(around.desk, administrator, person)
    with pytest.raises(Forbidden):
        await take_back_operator(around.desk, there, person)


async def test_who_is_taken_back_keeps_no_appointment(around: Surroundings) -> None:
    operator = await take_up_appointment(around.desk, b"theirs", (await appointed(around)).code)
    again = await appointed(around, wanted(Role.ADMINISTRATOR))
    await take_back_operator(around.desk, around.team, operator.id)
    with pytest.raises(Unauthenticated):
        await take_up_appointment(around.desk, b"new", again.code)


async def test_four_weeks_without_a_request_is_inactive(around: Surroundings) -> None:
    operator = await take_up_appointment(around.desk, b"theirs", (await appointed(around)).code)
    weeks = timedelta(weeks=4)
    assert not is_inactive(operator, around.clock.at + weeks)
    assert is_inactive(operator, around.clock.at + weeks + TICK)
    around.clock.advance(days=27)
    await operator_of(around.desk, b"theirs")
    found = await operators_for(around.desk, around.team, APOTHEEK)
    assert [each.seen_at for each in found.operators] == [around.clock.at]


async def test_being_seen_is_written_once_a_day_and_never_in_the_way(
    around: Surroundings,
) -> None:
    operator = await certificate_of(around, Role.BEHEERDER, b"theirs")
    writes = []
    around.store.after_commit = lambda: writes.append(around.clock.at)
    around.clock.advance(hours=23)
    await operator_of(around.desk, b"theirs")
    assert not writes
    around.clock.advance(hours=1)
    await operator_of(around.desk, b"theirs")
    await operator_of(around.desk, b"theirs")
    assert len(writes) == 1

    def away() -> None:
        raise StoreUnavailable(message="away")

    around.store.before_commit = away
    around.clock.advance(days=2)
    assert (await operator_of(around.desk, b"theirs")).id == operator.id


async def test_the_list_shows_appointments_that_may_still_be_taken_up(
    around: Surroundings,
) -> None:
    administrator = around.operator(Role.ADMINISTRATOR, APOTHEEK)
    made = await appointed(around)
    await appointed(around, wanted(ura=HUISARTS, number="900000009"))
    found = await operators_for(around.desk, administrator, APOTHEEK)
    assert list(found.operators) == [administrator]
    assert found.appointments == [made.appointment]
    around.clock.advance(days=10)
    assert not (await operators_for(around.desk, administrator, APOTHEEK)).appointments
