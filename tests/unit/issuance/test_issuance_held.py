"""How long a card may be blocked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.issuance import Surroundings
from issuance.block_card import block_card
from issuance.desk import Desk
from issuance.endings.held import end_held, held_too_long
from issuance.unblock_card import unblock_card
from issuing.holder import Holder
from pki.domain.cards import Blocked
from pki.domain.events import CardRevoked
from pki.domain.people import SYSTEM
from pki.domain.reasons import BlockReason, RevocationReason, RevokeReason
from pki.domain.status import OnHold, Revoked

DAYS = timedelta(days=90)
TICK = timedelta(microseconds=1)


def limited(around: Surroundings, *, revoke: bool) -> Desk:
    limits = replace(around.desk.limits, longest_hold=DAYS, revoke_held=revoke)
    return replace(around.desk, limits=limits)


async def test_without_a_limit_a_block_lasts(around: Surroundings, holder: Holder) -> None:
    card = await holder.make()
    await block_card(around.desk, around.team, card.id, BlockReason.LOSS)
    around.clock.advance(days=1000)
    assert (await end_held(around.desk), await held_too_long(around.desk)) == (0, 0)


@pytest.mark.parametrize("revoke", [False, True])
async def test_after_the_limit_it_is_told_or_revoked_as_of_the_block(
    around: Surroundings, holder: Holder, revoke: bool
) -> None:
    card = await holder.make()
    serial, desk = card.serial, limited(around, revoke=revoke)
    assert serial is not None
    around.clock.advance(days=1)
    blocked = await block_card(desk, around.team, card.id, BlockReason.LOSS)
    around.clock.at = blocked.entry.at + DAYS
    assert (await end_held(desk), await held_too_long(desk)) == (0, 0)
    around.clock.at += TICK
    assert await held_too_long(desk) == 1
    assert await end_held(desk) == int(revoke)
    assert await held_too_long(desk) == int(not revoke)
    status = around.store.tables.statuses[serial]
    if not revoke:
        assert status == OnHold(since=blocked.entry.at)
        return
    code = RevocationReason.CESSATION_OF_OPERATION
    assert status == Revoked(at=blocked.entry.at, reason=code)
    [entry] = around.store.events(CardRevoked)
    assert isinstance(entry.event, CardRevoked)
    assert (entry.actor, entry.event.reason) == (SYSTEM, RevokeReason.HELD_TOO_LONG)


async def test_a_later_block_starts_its_own_time(around: Surroundings, holder: Holder) -> None:
    card = await holder.make()
    desk = limited(around, revoke=True)
    await block_card(desk, around.team, card.id, BlockReason.LOSS)
    around.clock.advance(days=60)
    await unblock_card(desk, around.team, card.id)
    around.clock.advance(seconds=1)
    await block_card(desk, around.team, card.id, BlockReason.LOSS)
    around.clock.advance(days=60)
    assert await end_held(desk) == 0
    assert isinstance(around.store.tables.cards[card.id].phase, Blocked)
