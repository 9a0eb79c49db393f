"""ZORG-ID Mobiel: invited and registered; never beside a smartcard."""

import asyncio
import hashlib
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fakes_issuance import APOTHEEK, Surroundings
from issuance.lapse import lapse_overdue
from issuance.mobiel.invite import invite, withdraw_invitation
from issuance.mobiel.manage import (
    block_mobiel,
    end_mobiel,
    mobiel_for,
)
from issuance.mobiel.register import register_mobiel
from issuance_holder import Holder, refusals
from issuance_phones import LOSS, PHONE, FakeMobiel, invited, person, refused, registered
from pki.domain.errors import Conflict, NotFound, Refused, Unauthenticated
from pki.domain.mobiel.events import (
    MobielInvitationWithdrawn,
    MobielRegistered,
)
from pki.domain.mobiel.records import MobielState
from pki.domain.people import Operator, Role
from pki.domain.reasons import RefusalReason


@pytest.fixture
def around(around: Surroundings) -> Surroundings:
    around.desk = replace(around.desk, mobiel=FakeMobiel())
    return around


@pytest.fixture
def administrator(around: Surroundings) -> Operator:
    return around.operator(Role.ADMINISTRATOR, APOTHEEK)


async def test_an_invitation_becomes_an_identity_once(
    around: Surroundings, administrator: Operator
) -> None:
    made = await invite(around.desk, administrator, person(), APOTHEEK)
    assert made.code not in repr(made)
    identity = await register_mobiel(around.desk, PHONE, made.code.lower())
    assert (identity.id, identity.state) == (made.invitation.id, MobielState.REGISTERED)
    assert identity.certificate_sha256 == hashlib.sha256(PHONE).digest()
    with pytest.raises(Unauthenticated):
        await register_mobiel(around.desk, b"MOBIEL of another", made.code)
    (entry,) = around.store.events(MobielRegistered)
    assert entry.actor.id == identity.person_id.value
    found = await mobiel_for(around.desk, administrator, APOTHEEK)
    assert (list(found.identities), list(found.invitations)) == ([identity], [])


async def test_a_code_lasts_ten_days_and_is_withdrawn(
    around: Surroundings, administrator: Operator
) -> None:
    made = await invited(around)
    again = await invited(around)
    with pytest.raises(Unauthenticated):
        await register_mobiel(around.desk, PHONE, made.code)
    assert len(around.store.events(MobielInvitationWithdrawn)) == 1
    around.clock.at = again.invitation.expires_at
    with pytest.raises(Unauthenticated):
        await register_mobiel(around.desk, PHONE, again.code)
    assert not (await mobiel_for(around.desk, administrator, APOTHEEK)).invitations
    around.clock.at -= timedelta(microseconds=1)
    await withdraw_invitation(around.desk, administrator, again.invitation.id)
    with pytest.raises(Unauthenticated):
        await register_mobiel(around.desk, PHONE, again.code)
    with pytest.raises(NotFound):
        await withdraw_invitation(around.desk, administrator, again.invitation.id)


async def test_without_a_certificate_or_with_one_of_another_ca(around: Surroundings) -> None:
    code = (await invited(around)).code
    with pytest.raises(Unauthenticated):
        await register_mobiel(around.desk, None, code)
    other = register_mobiel(around.desk, b"of the Services CA", code)
    assert await refused(other) is RefusalReason.MOBIEL_NOT_TRUSTED
    assert refusals(around) == [RefusalReason.MOBIEL_NOT_TRUSTED]
    assert (await register_mobiel(around.desk, PHONE, code)).state is MobielState.REGISTERED


async def test_whoever_is_invited_or_has_mobiel_makes_no_card(
    around: Surroundings, holder: Holder
) -> None:
    code = (await invited(around)).code
    assert await refused(holder.begin()) is RefusalReason.HOLDER_USES_MOBIEL
    identity = await register_mobiel(around.desk, PHONE, code)
    assert await refused(holder.begin()) is RefusalReason.HOLDER_USES_MOBIEL
    await block_mobiel(around.desk, around.team, identity.id, LOSS)
    assert await refused(holder.begin()) is RefusalReason.HOLDER_USES_MOBIEL
    await end_mobiel(around.desk, around.team, identity.id)
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
        group.create_task(attempt(register_mobiel(around.desk, PHONE, code)))
    assert RefusalReason.HOLDER_USES_MOBIEL in answers
    assert len(around.store.tables.mobiel) + len(around.store.tables.cards) == 1


async def test_a_card_made_meanwhile_bars_registering(around: Surroundings, holder: Holder) -> None:
    await holder.make()
    person_id = next(iter(around.store.tables.cards.values())).person_id
    made = await invited(around, "900054321")
    late = replace(made.invitation, person_id=person_id)
    around.store.tables.invitations[late.id] = late
    registering = register_mobiel(around.desk, PHONE, made.code)
    assert await refused(registering) is RefusalReason.HOLDER_HAS_CARD


async def test_one_person_one_mobiel_one_certificate(around: Surroundings) -> None:
    await registered(around)
    assert await refused(invited(around)) is RefusalReason.MOBIEL_STATE
    other = await invited(around, "900054321")
    with pytest.raises(Conflict):
        await register_mobiel(around.desk, PHONE, other.code)


async def test_by_default_no_certificate_is_of_mobiel(around: Surroundings) -> None:
    plain = Surroundings()
    around.desk = replace(around.desk, mobiel=plain.desk.mobiel)
    what = register_mobiel(around.desk, PHONE, (await invited(around)).code)
    assert await refused(what) is RefusalReason.MOBIEL_NOT_TRUSTED
