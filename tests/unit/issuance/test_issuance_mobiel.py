"""ZORG-ID Mobiel: invited and certified; never beside a smartcard."""

import asyncio
import hashlib
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fakes.issuance import APOTHEEK, Surroundings
from issuance.lapse import lapse_overdue
from issuance.mobiel.invite import invite, invite_again, withdraw_invitation
from issuance.mobiel.manage import (
    block_mobiel,
    end_mobiel,
    mobiel_for,
)
from issuance.operators.take_up import take_up_appointment
from issuance.steps.callers import operator_of
from issuing.appointments import appointed, wanted
from issuing.holder import Holder, refusals
from issuing.phones import (
    KEY,
    LOSS,
    LOST,
    MOBIEL_CA,
    NUMBER,
    FakeMobielCa,
    certified,
    invited,
    person,
    redeemed,
    refused,
    registered,
    with_mobiel_ca,
)
from pki.domain.errors import (
    Forbidden,
    KeyRejected,
    Malformed,
    NotFound,
    Refused,
    Unauthenticated,
)
from pki.domain.mobiel.events import (
    MobielIntended,
    MobielInvitationWithdrawn,
    MobielRegistered,
    MobielRenewed,
    MobielSuperseded,
)
from pki.domain.mobiel.records import MobielState
from pki.domain.people import Operator, PersonName, Role
from pki.domain.reasons import RefusalReason, RevocationReason
from pki.domain.status import Good, Revoked


@pytest.fixture
def ca(around: Surroundings) -> FakeMobielCa:
    return with_mobiel_ca(around)


@pytest.fixture(autouse=True)
def _there_is_a_ca(ca: FakeMobielCa) -> None:
    del ca


@pytest.fixture
def administrator(around: Surroundings) -> Operator:
    return around.operator(Role.ADMINISTRATOR, APOTHEEK)


async def test_an_invitation_becomes_an_identity_once(
    around: Surroundings, administrator: Operator
) -> None:
    made = await invite(around.desk, administrator, person(), APOTHEEK)
    assert made.code not in repr(made)
    done = await redeemed(around, made.code.lower())
    identity = done.identity
    assert (identity.id, identity.state) == (made.invitation.id, MobielState.REGISTERED)
    assert identity.certificate_sha256 == hashlib.sha256(done.certificate).digest()
    assert (identity.issuer, done.chain[-1]) == (MOBIEL_CA, b"ROOT")
    assert around.store.tables.statuses[identity.serial] == Good()
    (intended,), (entry,) = (
        around.store.events(MobielIntended),
        around.store.events(MobielRegistered),
    )
    assert intended.position < entry.position
    assert entry.actor.id == identity.person_id.value
    found = await mobiel_for(around.desk, administrator, APOTHEEK)
    assert (list(found.identities), list(found.invitations)) == ([identity], [])


async def test_a_code_lasts_ten_days_and_is_withdrawn(
    around: Surroundings, administrator: Operator
) -> None:
    made = await invited(around)
    again = await invited(around)
    with pytest.raises(Unauthenticated):
        await redeemed(around, made.code)
    assert len(around.store.events(MobielInvitationWithdrawn)) == 1
    around.clock.at = again.invitation.expires_at
    with pytest.raises(Unauthenticated):
        await redeemed(around, again.code)
    assert not (await mobiel_for(around.desk, administrator, APOTHEEK)).invitations
    around.clock.at -= timedelta(microseconds=1)
    await withdraw_invitation(around.desk, administrator, again.invitation.id)
    with pytest.raises(Unauthenticated):
        await redeemed(around, again.code)
    with pytest.raises(NotFound):
        await withdraw_invitation(around.desk, administrator, again.invitation.id)


async def test_a_new_telephone_takes_the_place_of_the_lost_one(
    around: Surroundings, administrator: Operator
) -> None:
    lost = await certified(around)
    appointment = await appointed(around, wanted(number=NUMBER))
    role = await take_up_appointment(around.desk, lost.certificate, appointment.code)
    await block_mobiel(around.desk, administrator, lost.identity.id, LOSS)
    blocked_at = around.clock.now()
    around.clock.advance(hours=1)
    code = (await invite_again(around.desk, administrator, lost.identity.id)).code
    with pytest.raises(KeyRejected):
        await redeemed(around, code, KEY)
    new = await redeemed(around, code, b"key of the new one")
    assert (new.identity.id, new.identity.state) == (lost.identity.id, MobielState.REGISTERED)
    statuses = around.store.tables.statuses
    superseded = Revoked(at=blocked_at, reason=RevocationReason.SUPERSEDED)
    assert (statuses[lost.identity.serial], statuses[new.identity.serial]) == (superseded, Good())
    (first,), (second,) = (
        around.store.events(MobielSuperseded),
        around.store.events(MobielRenewed),
    )
    assert second.position == first.position + 1
    with pytest.raises(Forbidden):
        await operator_of(around.desk, lost.certificate)
    assert (await operator_of(around.desk, new.certificate)).role is role.role


async def test_the_old_certificate_takes_up_nothing(around: Surroundings) -> None:
    old = await certified(around)
    code = (await invite_again(around.desk, around.team, old.identity.id)).code
    await redeemed(around, code, b"another key")
    appointment = await appointed(around, wanted(number=NUMBER))
    taking = take_up_appointment(around.desk, old.certificate, appointment.code)
    assert await refused(taking) is RefusalReason.MOBIEL_STATE


async def test_a_block_withdraws_what_would_go_around_it(around: Surroundings) -> None:
    identity = await registered(around)
    code = (await invite_again(around.desk, around.team, identity.id)).code
    await block_mobiel(around.desk, around.team, identity.id, LOSS)
    with pytest.raises(Unauthenticated):
        await redeemed(around, code, b"another key")
    late = (await invite_again(around.desk, around.team, identity.id)).code
    await end_mobiel(around.desk, around.team, identity.id, LOST)
    with pytest.raises(Unauthenticated):
        await redeemed(around, late, b"another key")
    inviting = invite_again(around.desk, around.team, identity.id)
    assert await refused(inviting) is RefusalReason.MOBIEL_STATE


async def test_whoever_is_invited_or_has_mobiel_makes_no_card(
    around: Surroundings, holder: Holder
) -> None:
    code = (await invited(around)).code
    assert await refused(holder.begin()) is RefusalReason.HOLDER_USES_MOBIEL
    identity = (await redeemed(around, code)).identity
    assert await refused(holder.begin()) is RefusalReason.HOLDER_USES_MOBIEL
    await block_mobiel(around.desk, around.team, identity.id, LOSS)
    assert await refused(holder.begin()) is RefusalReason.HOLDER_USES_MOBIEL
    await end_mobiel(around.desk, around.team, identity.id, LOST)
    assert (await holder.make()).is_live
    assert await refused(invited(around)) is RefusalReason.HOLDER_HAS_CARD


async def test_an_invitation_that_is_late_bars_nobody(around: Surroundings, holder: Holder) -> None:
    await invited(around)
    around.clock.advance(days=10, seconds=1)
    await lapse_overdue(around.desk)
    await holder.make()


async def test_a_card_and_mobiel_at_once_from_two_servers(
    around: Surroundings, holder: Holder
) -> None:
    """Whatever was read before, only one of both is written."""
    code = (await invited(around)).code
    invitation = around.store.tables.invitations.popitem()[1]
    await holder.begin()
    around.store.tables.invitations[invitation.id] = invitation
    answers: list[object] = []

    async def attempt(what: Coroutine[Any, Any, object]) -> None:
        try:
            answers.append(await what)
        except Refused as error:
            answers.append(error.reason)

    async with asyncio.TaskGroup() as group:
        group.create_task(attempt(holder.order()))
        group.create_task(attempt(redeemed(around, code)))
    assert RefusalReason.HOLDER_USES_MOBIEL in answers
    assert len(around.store.tables.mobiel) + len(around.store.tables.cards) == 1


async def test_a_card_made_meanwhile_bars_registering(around: Surroundings, holder: Holder) -> None:
    await holder.make()
    person_id = next(iter(around.store.tables.cards.values())).person_id
    made = await invited(around, "900054321")
    late = replace(made.invitation, person_id=person_id)
    around.store.tables.invitations[late.id] = late
    registering = redeemed(around, made.code)
    assert await refused(registering) is RefusalReason.HOLDER_HAS_CARD


async def test_one_person_one_mobiel(around: Surroundings) -> None:
    await registered(around)
    assert await refused(invited(around)) is RefusalReason.MOBIEL_STATE


async def test_a_name_that_no_certificate_holds_is_refused_at_the_invitation(
    around: Surroundings,
) -> None:
    long = PersonName(surname="J", given_names="", common_name="J" * 65)
    with pytest.raises(Malformed):
        await invite(around.desk, around.team, replace(person(), name=long), APOTHEEK)


async def test_without_a_ca_nobody_gets_one(around: Surroundings) -> None:
    around.desk = replace(around.desk, mobiel=Surroundings().desk.mobiel)
    what = redeemed(around, (await invited(around)).code)
    assert await refused(what) is RefusalReason.ISSUING_STOPPED
    assert refusals(around) == [RefusalReason.ISSUING_STOPPED]
