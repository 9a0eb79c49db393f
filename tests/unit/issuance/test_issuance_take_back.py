"""Taking back what makes somebody an operator."""

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings
from issuance.operators.take_back import take_back_operator
from issuance.register_operator import NewOperator, register_operator
from issuance.steps.callers import operator_of
from issuing.holder import Holder, refusals
from pki.domain.errors import Forbidden, NotFound, Refused
from pki.domain.events import OperatorRemoved
from pki.domain.identifiers import PersonId, Ura
from pki.domain.people import Operator, OrganisationState, Role
from pki.domain.reasons import RefusalReason


async def registered(
    around: Surroundings, role: Role, ura: Ura | None, certificate: bytes
) -> Operator:
    new = NewOperator(role=role, ura=ura, certificate=certificate)
    return await register_operator(around.desk, around.team, new)


async def test_who_was_taken_back_is_nobody_at_once(around: Surroundings) -> None:
    manager = await registered(around, Role.BEHEERDER, APOTHEEK, b"manager")
    assert await operator_of(around.desk, b"manager") == manager
    taken = await take_back_operator(around.desk, around.team, manager.id)
    assert (taken.operator, taken.certificates) == (manager.id, 1)
    with pytest.raises(Forbidden):
        await operator_of(around.desk, b"manager")
    (entry,) = around.store.events(OperatorRemoved)
    assert entry == taken.entry
    assert entry.event == OperatorRemoved(
        operator=manager.id,
        role="beheerder",
        ura=APOTHEEK,
        certificate_sha256=manager.certificate_sha256.hex(),
    )


async def test_it_can_be_given_again(around: Surroundings) -> None:
    manager = await registered(around, Role.BEHEERDER, APOTHEEK, b"manager")
    await take_back_operator(around.desk, around.team, manager.id)
    again = await registered(around, Role.BEHEERDER, HUISARTS, b"manager")
    assert (await operator_of(around.desk, b"manager")).ura == again.ura == HUISARTS


async def test_all_certificates_of_a_person_go_together(around: Surroundings) -> None:
    person = PersonId("ab" * 16)
    around.operator(Role.BEHEERDER, APOTHEEK, person)
    around.operator(Role.BEHEERDER, HUISARTS, person)
    taken = await take_back_operator(around.desk, around.team, person)
    assert taken.certificates == 2
    assert len(around.store.events(OperatorRemoved)) == 2
    with pytest.raises(NotFound):
        await take_back_operator(around.desk, around.team, person)


async def test_the_last_administrator_stays(around: Surroundings) -> None:
    one = await registered(around, Role.ADMINISTRATOR, APOTHEEK, b"one")
    await registered(around, Role.ADMINISTRATOR, HUISARTS, b"elsewhere")
    await registered(around, Role.BEHEERDER, APOTHEEK, b"manager")
    with pytest.raises(Refused) as raised:
        await take_back_operator(around.desk, around.team, one.id)
    assert raised.value.reason is RefusalReason.LAST_ADMINISTRATOR
    assert refusals(around) == [RefusalReason.LAST_ADMINISTRATOR]
    assert await operator_of(around.desk, b"one") == one
    await registered(around, Role.ADMINISTRATOR, APOTHEEK, b"two")
    await take_back_operator(around.desk, around.team, one.id)


async def test_two_certificates_of_one_person_are_one_administrator(around: Surroundings) -> None:
    person = PersonId("ab" * 16)
    around.operator(Role.ADMINISTRATOR, APOTHEEK, person)
    await registered(around, Role.ADMINISTRATOR, HUISARTS, b"elsewhere")
    with pytest.raises(Refused):
        await take_back_operator(around.desk, around.team, person)


async def test_a_closed_organisation_needs_no_administrator(around: Surroundings) -> None:
    closed = Ura("11111111")
    around.organisation(closed, OrganisationState.CLOSED)
    one = await registered(around, Role.ADMINISTRATOR, closed, b"one")
    await take_back_operator(around.desk, around.team, one.id)


async def test_the_last_of_the_team_stays(around: Surroundings) -> None:
    with pytest.raises(Refused) as raised:
        await take_back_operator(around.desk, around.team, around.team.id)
    assert raised.value.reason is RefusalReason.LAST_ADMINISTRATOR
    other = await registered(around, Role.ZORGID_TEAM, None, b"other")
    await take_back_operator(around.desk, other, around.team.id)
    with pytest.raises(Refused):
        await take_back_operator(around.desk, other, other.id)


@pytest.mark.parametrize("role", [Role.BEHEERDER, Role.STATUS_NODE])
async def test_only_administrators_and_the_team_take_back(around: Surroundings, role: Role) -> None:
    ura = None if role is Role.STATUS_NODE else APOTHEEK
    who = await registered(around, role, ura, b"who")
    with pytest.raises(Forbidden):
        await take_back_operator(around.desk, who, around.team.id)


async def test_who_manages_no_more_may_have_a_card(around: Surroundings, holder: Holder) -> None:
    await holder.make()
    (person,) = around.store.tables.persons
    around.operator(Role.BEHEERDER, HUISARTS, person)
    with pytest.raises(Refused) as raised:
        await holder.begin()
    assert raised.value.reason is RefusalReason.HOLDER_USES_MOBIEL
    await take_back_operator(around.desk, around.team, person)
    await holder.begin()
