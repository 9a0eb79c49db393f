"""ZORG-ID Mobiel: blocked, ended, listed, handed over, and over the API."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from fakes.issuance import (
    APOTHEEK,
    HUISARTS,
    Surroundings,
    client_certificate,
    fake_request,
)
from issuance.mobiel.invite import invite, invite_again
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
from issuing.appointments import appointed, wanted
from issuing.edge import Edge
from issuing.phones import (
    KEY,
    LOSS,
    LOST,
    NUMBER,
    certified,
    invited,
    person,
    refused,
    registered,
    with_mobiel_ca,
)
from pki.api.client import IssuanceClient
from pki.api.errors import ProblemAnswered
from pki.api.people.mobiel import InviteRequest, RedeemMobielRequest
from pki.api.wire import OperatorPerson
from pki.domain.errors import Conflict, Forbidden, NotFound
from pki.domain.events import touched
from pki.domain.identifiers import MobielId, Ura, UziNumber
from pki.domain.mobiel.events import (
    MobielBlocked,
    MobielEnded,
    MobielMoved,
)
from pki.domain.mobiel.records import MobielIdentity, MobielState
from pki.domain.people import Role
from pki.domain.reasons import RefusalReason, RevocationReason, RevokeReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked


@pytest.fixture
def around(around: Surroundings) -> Surroundings:
    with_mobiel_ca(around)
    return around


def status(around: Surroundings, identity: MobielIdentity) -> CertificateStatus:
    return around.store.tables.statuses[identity.serial]


async def test_blocked_it_lets_nobody_in(around: Surroundings) -> None:
    made = await certified(around)
    identity, phone = made.identity, made.certificate
    appointment = await appointed(around, wanted(number=NUMBER))
    operator = await take_up_appointment(around.desk, phone, appointment.code)
    assert operator.id == identity.person_id
    assert await operator_of(around.desk, phone) == operator
    change = await block_mobiel(around.desk, around.team, identity.id, LOSS)
    assert isinstance(change.entry.event, MobielBlocked)
    assert touched(change.entry.event) == (identity.issuer, identity.serial)
    assert status(around, identity) == OnHold(since=around.clock.now())
    with pytest.raises(Forbidden):
        await operator_of(around.desk, phone)
    await unblock_mobiel(around.desk, around.team, identity.id)
    assert status(around, identity) == Good()
    assert await operator_of(around.desk, phone) == operator
    await block_mobiel(around.desk, around.team, identity.id, LOSS)
    blocked_at = around.clock.now()
    around.clock.advance(days=1)
    await end_mobiel(around.desk, around.team, identity.id, LOST)
    assert status(around, identity) == Revoked(
        at=blocked_at, reason=RevocationReason.KEY_COMPROMISE
    )
    with pytest.raises(Forbidden):
        await operator_of(around.desk, phone)
    assert len(around.store.events(MobielEnded)) == 1


async def test_an_appointment_is_not_taken_up_with_anothers_mobiel(around: Surroundings) -> None:
    made = await certified(around)
    appointment = await appointed(around, wanted(number="900054321"))
    with pytest.raises(Conflict):
        await take_up_appointment(around.desk, made.certificate, appointment.code)


async def test_nor_with_a_blocked_one(around: Surroundings) -> None:
    made = await certified(around)
    appointment = await appointed(around, wanted(number=NUMBER))
    await block_mobiel(around.desk, around.team, made.identity.id, LOSS)
    taking = take_up_appointment(around.desk, made.certificate, appointment.code)
    assert await refused(taking) is RefusalReason.MOBIEL_STATE


async def test_only_a_blocked_one_ends_and_each_step_once(around: Surroundings) -> None:
    identity = await registered(around)
    desk, team, mobiel = around.desk, around.team, identity.id
    for early in (end_mobiel(desk, team, mobiel, LOST), unblock_mobiel(desk, team, mobiel)):
        assert await refused(early) is RefusalReason.MOBIEL_STATE
    await block_mobiel(desk, team, mobiel, LOSS)
    assert await refused(block_mobiel(desk, team, mobiel, LOSS)) is RefusalReason.MOBIEL_STATE
    await end_mobiel(desk, team, mobiel, LOST)
    for late in (end_mobiel(desk, team, mobiel, LOST), unblock_mobiel(desk, team, mobiel)):
        assert await refused(late) is RefusalReason.MOBIEL_STATE
    second = await registered(around, key=b"of a new telephone")
    assert second.person_id == identity.person_id


async def test_a_key_is_mistrusted_from_when_it_was_there_until_the_block(
    around: Surroundings,
) -> None:
    made = await registered(around)
    desk, team, begun = around.desk, around.team, around.clock.now()
    around.clock.advance(hours=2)
    held = (await block_mobiel(desk, team, made.id, LOSS)).identity.state_at
    around.clock.advance(hours=1)
    for wrong, reason in (
        (begun - timedelta(seconds=1), LOST),
        (held + timedelta(seconds=1), LOST),
        (held, RevokeReason.LEFT_EMPLOYMENT),
    ):
        ending = end_mobiel(desk, team, made.id, reason, wrong)
        assert await refused(ending) is RefusalReason.COMPROMISE_DATE
    ended = await end_mobiel(desk, team, made.id, LOST, begun)
    event = ended.entry.event
    assert isinstance(event, MobielEnded)
    assert (event.revoked_at, event.compromised_since) == (held, begun)
    code = RevocationReason.KEY_COMPROMISE
    assert status(around, made) == Revoked(at=held, reason=code, compromised_since=begun)


async def test_the_last_administrator_is_not_blocked(around: Surroundings) -> None:
    identities = []
    for number, key in ((NUMBER, b"one"), ("900054321", b"another")):
        made = await certified(around, number, key)
        identities.append(made.identity)
        appointment = await appointed(around, wanted(Role.ADMINISTRATOR, number=number))
        await take_up_appointment(around.desk, made.certificate, appointment.code)
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
            invite_again(around.desk, asker, identity.id),
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
    made = await certified(around)
    identity = made.identity
    appointment = await appointed(around, wanted(number=NUMBER))
    await take_up_appointment(around.desk, made.certificate, appointment.code)
    around.clock.advance(days=28)
    assert not is_inactive(identity, around.clock.now())
    around.clock.advance(seconds=1)
    assert is_inactive(identity, around.clock.now())
    await operator_of(around.desk, made.certificate)
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
    edge.peer = None
    request = RedeemMobielRequest(code=made.code, pkcs10=fake_request(KEY))
    redeemed = await client.redeem_mobiel(request)
    registered = redeemed.mobiel
    assert (registered.state, registered.inactive) == (MobielState.REGISTERED, False)
    edge.peer = administrator
    blocked = await client.block_mobiel(registered.mobiel_id, LOSS)
    assert blocked.mobiel.state is MobielState.BLOCKED
    await client.unblock_mobiel(registered.mobiel_id)
    with pytest.raises(ProblemAnswered) as early:
        await client.end_mobiel(registered.mobiel_id, LOST)
    assert early.value.reason is RefusalReason.MOBIEL_STATE
    await client.block_mobiel(registered.mobiel_id, LOSS)
    again = await client.invite_mobiel_again(registered.mobiel_id)
    assert again.invitation.mobiel_id == registered.mobiel_id
    since = around.clock.now()
    ended = await client.end_mobiel(registered.mobiel_id, LOST, compromised_since=since)
    assert (await client.mobiel(APOTHEEK)).mobiel == [ended.mobiel]
