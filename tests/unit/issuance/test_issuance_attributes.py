"""What people do for organisations: given by administrators, ended when they leave."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings, client_certificate
from issuance.attributes.give import (
    NewAttribute,
    attributes_for,
    give_attribute,
    withdraw_attribute,
)
from issuance.linking.link_card import link_card, unlink_card
from issuance.operators.take_back import take_back_operator
from issuance.operators.take_up import take_up_appointment
from issuance.organisations.end import merge_organisations
from issuing.appointments import SOMEBODY, appointed
from issuing.edge import Edge
from issuing.holder import Holder, refusals
from pki.api.client import IssuanceClient
from pki.api.errors import ProblemAnswered
from pki.api.people.attributes import AttributeRequest, AttributeSearchRequest
from pki.domain.attributes.events import AttributeEnded, AttributeGiven
from pki.domain.errors import Forbidden, NotFound, Refused
from pki.domain.identifiers import AttributeId, Ura, UziNumber
from pki.domain.people import Operator, Role
from pki.domain.reasons import RefusalReason

NUMBER = UziNumber("900012345")
TYPES = {"zorgtaak": frozenset({"01.015", "17.075"}), "balie": frozenset({"1"})}


@pytest.fixture
def around(around: Surroundings) -> Surroundings:
    around.desk = replace(around.desk, attribute_types=TYPES)
    return around


@pytest.fixture
def administrator(around: Surroundings) -> Operator:
    return around.operator(Role.ADMINISTRATOR, APOTHEEK)


def task(
    type_: str = "zorgtaak", code: str = "01.015", ura: Ura = APOTHEEK, number: UziNumber = NUMBER
) -> NewAttribute:
    return NewAttribute(uzi_number=number, ura=ura, type=type_, task_code=code)


async def test_an_administrator_gives_and_withdraws(
    around: Surroundings, holder: Holder, administrator: Operator
) -> None:
    card = await holder.make()
    given = await give_attribute(around.desk, administrator, task())
    assert await give_attribute(around.desk, administrator, task()) == given
    other = await give_attribute(around.desk, administrator, task("balie", "1"))
    found = await attributes_for(around.desk, administrator, NUMBER, APOTHEEK)
    assert found == [other, given]
    (first, second) = around.store.events(AttributeGiven)
    assert isinstance(first.event, AttributeGiven)
    assert (first.event.person, first.event.task_code) == (card.person_id, "01.015")
    assert first.actor.id == second.actor.id == administrator.id.value
    await withdraw_attribute(around.desk, administrator, given.id)
    assert await attributes_for(around.desk, around.team, NUMBER, APOTHEEK) == [other]
    with pytest.raises(NotFound):
        await withdraw_attribute(around.desk, administrator, given.id)
    assert len(around.store.events(AttributeEnded)) == 1


@pytest.mark.parametrize(
    ("type_", "code"), [("taak", "01.015"), ("zorgtaak", "1"), ("balie", "01.015"), ("", "")]
)
async def test_what_the_configuration_does_not_name_nobody_has(
    around: Surroundings, holder: Holder, administrator: Operator, type_: str, code: str
) -> None:
    await holder.make()
    with pytest.raises(Refused) as refused:
        await give_attribute(around.desk, administrator, task(type_, code))
    assert refused.value.reason is RefusalReason.ATTRIBUTE_UNKNOWN
    assert refusals(around) == [RefusalReason.ATTRIBUTE_UNKNOWN]


async def test_there_are_none_unless_the_configuration_names_one(
    around: Surroundings, holder: Holder, administrator: Operator
) -> None:
    await holder.make()
    around.desk = replace(around.desk, attribute_types={})
    with pytest.raises(Refused):
        await give_attribute(around.desk, administrator, task())


async def test_whoever_is_elsewhere_is_nobody_here(around: Surroundings, holder: Holder) -> None:
    await holder.make()
    other = around.operator(Role.ADMINISTRATOR, HUISARTS)
    answers = []
    for number in (NUMBER, UziNumber("900099999")):
        with pytest.raises(NotFound) as raised:
            await give_attribute(around.desk, other, task(ura=HUISARTS, number=number))
        answers.append(str(raised.value))
        assert await attributes_for(around.desk, other, number, HUISARTS) == []
    assert answers[0] == answers[1]


async def test_only_administrators_of_the_organisation_give(
    around: Surroundings, holder: Holder, administrator: Operator
) -> None:
    await holder.make()
    given = await give_attribute(around.desk, administrator, task())
    beheerder = around.operator(Role.BEHEERDER, APOTHEEK)
    other = around.operator(Role.ADMINISTRATOR, HUISARTS)
    for asker in (beheerder, other):
        with pytest.raises(Forbidden):
            await give_attribute(around.desk, asker, task("balie", "1"))
        with pytest.raises(Forbidden):
            await withdraw_attribute(around.desk, asker, given.id)
    with pytest.raises(Forbidden):
        await attributes_for(around.desk, other, NUMBER, APOTHEEK)
    assert await attributes_for(around.desk, beheerder, NUMBER, APOTHEEK) == [given]


async def test_they_end_with_the_link(
    around: Surroundings, holder: Holder, administrator: Operator
) -> None:
    card = await holder.make()
    other = around.operator(Role.ADMINISTRATOR, HUISARTS)
    await link_card(around.desk, other, NUMBER)
    await give_attribute(around.desk, administrator, task())
    kept = await give_attribute(around.desk, other, task(ura=HUISARTS))
    await unlink_card(around.desk, administrator, card.id)
    assert around.store.tables.attributes == {kept.id: kept}
    (ended,) = around.store.events(AttributeEnded)
    assert ended.event.ura == APOTHEEK if isinstance(ended.event, AttributeEnded) else False


async def test_an_operator_has_them_too_until_taken_back(
    around: Surroundings, administrator: Operator
) -> None:
    made = await appointed(around)
    operator = await take_up_appointment(around.desk, b"theirs", made.code)
    given = await give_attribute(around.desk, administrator, task(number=UziNumber(SOMEBODY)))
    assert given.person_id == operator.id
    await take_back_operator(around.desk, administrator, operator.id)
    assert not around.store.tables.attributes


async def test_a_merger_takes_them_along_once(
    around: Surroundings, holder: Holder, administrator: Operator
) -> None:
    await holder.make()
    other = around.operator(Role.ADMINISTRATOR, HUISARTS)
    await link_card(around.desk, other, NUMBER)
    for ura, asker in ((APOTHEEK, administrator), (HUISARTS, other)):
        await give_attribute(around.desk, asker, task(ura=ura))
    await give_attribute(around.desk, administrator, task(code="17.075"))
    await merge_organisations(around.desk, around.team, (APOTHEEK, HUISARTS))
    left = [(each.ura, each.task_code) for each in around.store.tables.attributes.values()]
    assert sorted(left) == [(HUISARTS, "01.015"), (HUISARTS, "17.075")]
    assert len(around.store.events(AttributeEnded)) == 2


@pytest.fixture
async def client(edge: Edge) -> AsyncIterator[IssuanceClient]:
    async with IssuanceClient(edge.url) as made:
        yield made


async def test_over_the_api(
    around: Surroundings, edge: Edge, holder: Holder, client: IssuanceClient
) -> None:
    await holder.make()
    around.operator(Role.ADMINISTRATOR, APOTHEEK)
    edge.peer = client_certificate(Role.ADMINISTRATOR, APOTHEEK)
    wanted = AttributeRequest(uzi_number=NUMBER, type="zorgtaak", task_code="01.015")
    given = await client.give_attribute(wanted)
    assert (given.ura, given.type, given.since) == (APOTHEEK, "zorgtaak", around.clock.now())
    asked = AttributeSearchRequest(uzi_number=NUMBER)
    assert (await client.attributes(asked)).attributes == [given]
    assert await client.withdraw_attribute(given.attribute_id) == given
    assert (await client.attributes(asked)).attributes == []
    with pytest.raises(ProblemAnswered) as gone:
        await client.withdraw_attribute(AttributeId("ab" * 16))
    assert gone.value.problem_code == "not-found"
    with pytest.raises(ProblemAnswered) as unknown:
        await client.give_attribute(wanted.model_copy(update={"task_code": "99"}))
    assert unknown.value.reason is RefusalReason.ATTRIBUTE_UNKNOWN
