"""ZORG-ID Mobiel: blocked, ended, listed, handed over, and over the API."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from fakes_issuance import APOTHEEK, HUISARTS, Surroundings, client_certificate
from issuance.mobiel.invite import invite
from issuance.mobiel.manage import (
    block_mobiel,
    end_mobiel,
    mobiel_for,
    unblock_mobiel,
)
from issuance.operators.take_up import take_up_appointment
from issuance.organisations.end import merge_organisations
from issuance.rules.representation import is_inactive
from issuance.steps.callers import operator_of
from issuance_appointments import appointed, wanted
from issuance_edge import Edge
from issuance_phones import LOSS, NUMBER, PHONE, FakeMobiel, invited, person, refused, registered
from pki.api.client import IssuanceClient
from pki.api.errors import ProblemAnswered
from pki.api.people.mobiel import InviteRequest, RegisterMobielRequest
from pki.api.wire import OperatorPerson
from pki.domain.errors import Conflict, Forbidden, NotFound
from pki.domain.identifiers import MobielId, Ura, UziNumber
from pki.domain.mobiel.events import (
    MobielBlocked,
    MobielEnded,
    MobielMoved,
)
from pki.domain.mobiel.records import MobielState
from pki.domain.people import Role
from pki.domain.reasons import RefusalReason


@pytest.fixture
def around(around: Surroundings) -> Surroundings:
    around.desk = replace(around.desk, mobiel=FakeMobiel())
    return around


async def test_blocked_it_lets_nobody_in(around: Surroundings) -> None:
    identity = await registered(around)
    made = await appointed(around, wanted(number=NUMBER))
    operator = await take_up_appointment(around.desk, PHONE, made.code)
    assert operator.id == identity.person_id
    assert await operator_of(around.desk, PHONE) == operator
    change = await block_mobiel(around.desk, around.team, identity.id, LOSS)
    assert isinstance(change.entry.event, MobielBlocked)
    with pytest.raises(Forbidden):
        await operator_of(around.desk, PHONE)
    await unblock_mobiel(around.desk, around.team, identity.id)
    assert await operator_of(around.desk, PHONE) == operator
    await block_mobiel(around.desk, around.team, identity.id, LOSS)
    await end_mobiel(around.desk, around.team, identity.id)
    with pytest.raises(Forbidden):
        await operator_of(around.desk, PHONE)
    assert len(around.store.events(MobielEnded)) == 1


async def test_an_appointment_is_not_taken_up_with_anothers_mobiel(around: Surroundings) -> None:
    await registered(around)
    made = await appointed(around, wanted(number="900054321"))
    with pytest.raises(Conflict):
        await take_up_appointment(around.desk, PHONE, made.code)


async def test_only_a_blocked_one_ends_and_each_step_once(around: Surroundings) -> None:
    identity = await registered(around)
    for early in (end_mobiel, unblock_mobiel):
        what = early(around.desk, around.team, identity.id)
        assert await refused(what) is RefusalReason.MOBIEL_STATE
    await block_mobiel(around.desk, around.team, identity.id, LOSS)
    again = block_mobiel(around.desk, around.team, identity.id, LOSS)
    assert await refused(again) is RefusalReason.MOBIEL_STATE
    await end_mobiel(around.desk, around.team, identity.id)
    for late in (end_mobiel, unblock_mobiel):
        what = late(around.desk, around.team, identity.id)
        assert await refused(what) is RefusalReason.MOBIEL_STATE
    second = await registered(around, phone=b"MOBIEL, a new telephone")
    assert second.person_id == identity.person_id


async def test_the_last_administrator_is_not_blocked(around: Surroundings) -> None:
    identities = []
    for number, phone in ((NUMBER, PHONE), ("900054321", b"MOBIEL of another")):
        identities.append(await registered(around, number, phone))
        made = await appointed(around, wanted(Role.ADMINISTRATOR, number=number))
        await take_up_appointment(around.desk, phone, made.code)
    first, second = identities
    await block_mobiel(around.desk, around.team, first.id, LOSS)
    blocking = block_mobiel(around.desk, around.team, second.id, LOSS)
    assert await refused(blocking) is RefusalReason.LAST_ADMINISTRATOR
    await unblock_mobiel(around.desk, around.team, first.id)
    await block_mobiel(around.desk, around.team, second.id, LOSS)


async def test_who_may_do_what(around: Surroundings) -> None:
    identity = await registered(around)
    beheerder = around.operator(Role.BEHEERDER, APOTHEEK)
    other = around.operator(Role.ADMINISTRATOR, HUISARTS)
    for asker in (beheerder, other):
        for what in (
            block_mobiel(around.desk, asker, identity.id, LOSS),
            mobiel_for(around.desk, asker, APOTHEEK),
        ):
            with pytest.raises(Forbidden):
                await what
    with pytest.raises(Forbidden):
        await invite(around.desk, other, person("900054321"), APOTHEEK)
    await invite(around.desk, beheerder, person("900054321"), APOTHEEK)
    with pytest.raises(NotFound):
        await block_mobiel(around.desk, around.team, MobielId("ab" * 16), LOSS)
    unknown = invite(around.desk, around.team, person("900054322"), Ura("11111111"))
    assert await refused(unknown) is RefusalReason.ORGANISATION_UNKNOWN


async def test_a_merger_hands_them_over(around: Surroundings) -> None:
    identity = await registered(around)
    await invited(around, "900054321")
    await merge_organisations(around.desk, around.team, (APOTHEEK, HUISARTS))
    successor = around.operator(Role.ADMINISTRATOR, HUISARTS)
    (found,) = (await mobiel_for(around.desk, successor, HUISARTS)).identities
    assert (found.id, found.ura) == (identity.id, HUISARTS)
    assert not around.store.tables.invitations
    assert len(around.store.events(MobielMoved)) == 1
    inviting = invited(around, "900054321")
    assert await refused(inviting) is RefusalReason.ORGANISATION_STATE


async def test_who_was_not_seen_for_four_weeks_is_inactive(around: Surroundings) -> None:
    identity = await registered(around)
    made = await appointed(around, wanted(number=NUMBER))
    await take_up_appointment(around.desk, PHONE, made.code)
    around.clock.advance(days=28)
    assert not is_inactive(identity, around.clock.now())
    around.clock.advance(seconds=1)
    assert is_inactive(identity, around.clock.now())
    await operator_of(around.desk, PHONE)
    assert not is_inactive(around.store.tables.mobiel[identity.id], around.clock.now())


@pytest.fixture
async def client(edge: Edge) -> AsyncIterator[IssuanceClient]:
    async with IssuanceClient(edge.url) as made:
        yield made


async def test_over_the_api(around: Surroundings, edge: Edge, client: IssuanceClient) -> None:
    around.operator(Role.ADMINISTRATOR, APOTHEEK)
    administrator = client_certificate(Role.ADMINISTRATOR, APOTHEEK)
    edge.peer = administrator
    whom = OperatorPerson(
        uzi_number=UziNumber(NUMBER), surname="Jansen", given_names="A.", common_name="A. Jansen"
    )
    first = await client.invite_mobiel(InviteRequest(person=whom))
    assert first.qr == f"ZORGID:1:{first.code}"
    assert first.code not in repr(first)
    assert await client.withdraw_invitation(first.invitation.mobiel_id) == first.invitation
    made = await client.invite_mobiel(InviteRequest(person=whom))
    assert (await client.mobiel()).invitations == [made.invitation]
    edge.peer = PHONE
    registered = await client.register_mobiel(RegisterMobielRequest(code=made.code))
    assert (registered.state, registered.inactive) == (MobielState.REGISTERED, False)
    edge.peer = administrator
    blocked = await client.block_mobiel(registered.mobiel_id, LOSS)
    assert blocked.mobiel.state is MobielState.BLOCKED
    await client.unblock_mobiel(registered.mobiel_id)
    with pytest.raises(ProblemAnswered) as early:
        await client.end_mobiel(registered.mobiel_id)
    assert early.value.reason is RefusalReason.MOBIEL_STATE
    await client.block_mobiel(registered.mobiel_id, LOSS)
    ended = await client.end_mobiel(registered.mobiel_id)
    assert (await client.mobiel(APOTHEEK)).mobiel == [ended.mobiel]
