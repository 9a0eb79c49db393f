"""Where the public texts contradict each other: both readings, each with its value."""

from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings
from fakes.issuance_store import START
from issuance.block_card import block_card
from issuance.endings.unlinked import end_unlinked
from issuance.linking.link_card import link_card, unlink_card
from issuance.revoke_card import revoke_card
from issuance.rules.choices import Choices
from issuance.rules.unlinked import ends_at, shortest
from issuance.unblock_card import unblock_card
from issuing.holder import Holder, refusals
from pki.domain.cards import Active, Ended
from pki.domain.errors import Refused
from pki.domain.identifiers import UziNumber
from pki.domain.people import Role
from pki.domain.reasons import BlockReason, RefusalReason, RevocationReason, RevokeReason
from pki.domain.status import Good, Revoked

NUMBER = UziNumber("900012345")
LOSS = BlockReason.LOSS


def choose(around: Surroundings, holder: Holder, choices: Choices) -> None:
    around.desk = replace(around.desk, choices=choices)
    holder.around = around


async def refused(what: Coroutine[Any, Any, object]) -> RefusalReason:
    with pytest.raises(Refused) as raised:
        await what
    return raised.value.reason


@pytest.mark.parametrize("needs_block", [True, False])
async def test_revoking_an_active_card(
    around: Surroundings, holder: Holder, *, needs_block: bool
) -> None:
    choose(around, holder, Choices(revoke_needs_block=needs_block))
    card = await holder.make()
    around.clock.advance(hours=1)
    what = revoke_card(around.desk, around.team, card.id, RevokeReason.DEFECT)
    if needs_block:
        assert await refused(what) is RefusalReason.REVOKE_NEEDS_BLOCK
        return
    ended = (await what).card
    assert isinstance(ended.phase, Ended)
    assert ended.phase.revoked_at == ended.phase.at == START + timedelta(hours=1)
    assert around.store.tables.statuses[ended.phase.serial] == Revoked(
        at=ended.phase.revoked_at, reason=None
    )


async def test_a_block_stays_the_date_though_none_is_needed(
    around: Surroundings, holder: Holder
) -> None:
    choose(around, holder, Choices(revoke_needs_block=False))
    card = await holder.make()
    blocked = await block_card(around.desk, around.team, card.id, LOSS)
    around.clock.advance(days=3)
    ended = await revoke_card(around.desk, around.team, card.id, RevokeReason.COMPROMISE)
    assert isinstance(ended.card.phase, Ended)
    assert ended.card.phase.revoked_at == blocked.entry.at


async def test_a_compromise_before_now_goes_with_an_active_card(
    around: Surroundings, holder: Holder
) -> None:
    choose(around, holder, Choices(revoke_needs_block=False))
    card = await holder.make()
    around.clock.advance(hours=2)
    late = around.clock.now() + timedelta(seconds=1)
    reason = RevokeReason.COMPROMISE
    revoking = revoke_card(around.desk, around.team, card.id, reason, late)
    assert await refused(revoking) is RefusalReason.COMPROMISE_DATE
    since = around.clock.now() - timedelta(hours=1)
    ended = await revoke_card(around.desk, around.team, card.id, reason, since)
    assert isinstance(ended.card.phase, Ended)
    assert ended.card.phase.compromised_since == since


@pytest.mark.parametrize("can", [True, False])
async def test_blocking_a_card(around: Surroundings, holder: Holder, *, can: bool) -> None:
    choose(around, holder, Choices(cards_can_be_blocked=can, revoke_needs_block=can))
    card = await holder.make()
    what = block_card(around.desk, around.team, card.id, LOSS)
    if can:
        assert (await what).card.phase.at == around.clock.now()
        return
    assert await refused(what) is RefusalReason.CARDS_NOT_BLOCKED
    assert refusals(around) == [RefusalReason.CARDS_NOT_BLOCKED]
    await revoke_card(around.desk, around.team, card.id, RevokeReason.LOSS_OR_THEFT)


@pytest.mark.parametrize("only_blocker", [True, False])
async def test_lifting_the_block_of_another_organisation(
    around: Surroundings, holder: Holder, *, only_blocker: bool
) -> None:
    choose(around, holder, Choices(blocker_unblocks=only_blocker))
    card = await holder.make()
    maker, other = (around.operator(Role.BEHEERDER, ura) for ura in (APOTHEEK, HUISARTS))
    await link_card(around.desk, other, NUMBER)
    await block_card(around.desk, other, card.id, LOSS)
    what = unblock_card(around.desk, maker, card.id)
    if not only_blocker:
        assert isinstance((await what).card.phase, Active)
        return
    assert await refused(what) is RefusalReason.BLOCKED_BY_ANOTHER
    assert isinstance((await unblock_card(around.desk, other, card.id)).card.phase, Active)
    await block_card(around.desk, other, card.id, LOSS)
    await unlink_card(around.desk, other, card.id)
    assert isinstance((await unblock_card(around.desk, maker, card.id)).card.phase, Active)


async def test_a_block_of_the_zorg_id_team_is_lifted_by_the_team_alone(
    around: Surroundings, holder: Holder
) -> None:
    choose(around, holder, Choices(blocker_unblocks=True))
    card = await holder.make()
    await block_card(around.desk, around.team, card.id, LOSS)
    maker = around.operator(Role.BEHEERDER, APOTHEEK)
    lifting = unblock_card(around.desk, maker, card.id)
    assert await refused(lifting) is RefusalReason.BLOCKED_BY_ANOTHER
    assert isinstance((await unblock_card(around.desk, around.team, card.id)).card.phase, Active)
    await block_card(around.desk, maker, card.id, LOSS)
    assert isinstance((await unblock_card(around.desk, around.team, card.id)).card.phase, Active)


@pytest.mark.parametrize(
    ("choices", "ended"),
    [
        (Choices(), True),
        (Choices(months_unlinked=3), False),
        (Choices(months_unlinked=1), True),
        (Choices(unlinked_end=False), False),
    ],
)
async def test_a_card_without_an_organisation(
    around: Surroundings, holder: Holder, *, choices: Choices, ended: bool
) -> None:
    choose(around, holder, choices)
    card = await holder.make()
    left = await unlink_card(around.desk, around.team, card.id, APOTHEEK)
    months = choices.months_unlinked
    end = ends_at(START, months) if choices.unlinked_end else None
    assert left.management.ends_at == end
    around.clock.at = ends_at(START)
    assert bool(await end_unlinked(around.desk)) is ended
    assert card.serial is not None
    status = around.store.tables.statuses[card.serial]
    if ended:
        at = around.clock.now()
        assert status == Revoked(at=at, reason=RevocationReason.CESSATION_OF_OPERATION)
    else:
        assert status == Good()


@given(
    since=st.integers(0, 40 * 365 * 24).map(lambda hours: START + timedelta(hours=hours)),
    months=st.integers(1, 12),
)
def test_nothing_is_due_before_it_is_looked_up(since: datetime, months: int) -> None:
    assert ends_at(since, months) - since >= shortest(months)
