"""A card after its three years: its status stays, and its holder may have a new one."""

from datetime import timedelta

import pytest

from fakes.issuance import Surroundings
from fakes.issuance_store import START
from issuance.block_card import block_card
from issuance.endings.expired import Looked, end_expired
from issuing.holder import Holder
from pki.domain.cards import Expired, Ordered, certificate_status, state_name
from pki.domain.endings.by_time import expired
from pki.domain.endings.events import CardExpired
from pki.domain.errors import Refused
from pki.domain.identifiers import SerialNumber
from pki.domain.people import SYSTEM
from pki.domain.reasons import BlockReason, RefusalReason
from pki.domain.status import Good, OnHold
from stores.samples import card as sample_card

TICK = timedelta(microseconds=1)


async def test_after_notafter_a_card_has_expired_and_a_new_one_can_be_made(
    around: Surroundings, holder: Holder
) -> None:
    old = await holder.make()
    assert old.serial is not None
    not_after = around.store.tables.certificates[old.serial].not_after
    assert not_after == START.replace(year=START.year + 3)
    around.clock.at = not_after
    assert await end_expired(around.desk) == 0
    with pytest.raises(Refused) as raised:
        await holder.begin()
    assert raised.value.reason is RefusalReason.HOLDER_HAS_CARD
    around.clock.at = not_after + TICK
    assert await end_expired(around.desk) == 1
    assert await end_expired(around.desk) == 0
    [entry] = around.store.events(CardExpired)
    assert (entry.event, entry.actor) == (
        CardExpired(card=old.id, issuer=around.authority.issuer, serial=old.serial),
        SYSTEM,
    )
    assert state_name(around.store.tables.cards[old.id].phase) == "verlopen"
    assert around.store.tables.statuses[old.serial] == Good()
    await holder.begin()
    again = await holder.order("n" * 16, "ZC-000002")
    assert again.person_id == old.person_id
    await holder.certify(b"key of the second card")
    assert (await holder.confirm()).card.id == again.id


async def test_a_block_stays_what_it_was_and_an_expired_card_is_not_touched_again(
    around: Surroundings, holder: Holder
) -> None:
    card = await holder.make()
    assert card.serial is not None
    around.clock.advance(days=3)
    blocked = await block_card(around.desk, around.team, card.id, BlockReason.LOSS)
    around.clock.advance(days=4 * 365)
    assert await end_expired(around.desk) == 1
    phase = around.store.tables.cards[card.id].phase
    assert isinstance(phase, Expired)
    assert phase.held_since == blocked.entry.at
    assert certificate_status(phase) == OnHold(since=blocked.entry.at)
    assert around.store.tables.statuses[card.serial] == OnHold(since=blocked.entry.at)
    with pytest.raises(Refused) as raised:
        await block_card(around.desk, around.team, card.id, BlockReason.LOSS)
    assert raised.value.reason is RefusalReason.CARD_STATE


async def test_the_card_itself_serves_nobody_else(around: Surroundings, holder: Holder) -> None:
    await holder.make()
    around.clock.advance(days=4 * 365)
    await end_expired(around.desk)
    other = Holder(around, "900012346")
    await other.begin()
    with pytest.raises(Refused) as raised:
        await other.order("o" * 16)
    assert raised.value.reason is RefusalReason.CARD_NUMBER_IN_USE


def test_only_a_card_in_use_expires() -> None:
    with pytest.raises(Refused):
        expired(sample_card(1, Ordered(at=START)), at=START)


async def test_what_ended_before_is_looked_at_no_more_while_nothing_was_left(
    around: Surroundings, holder: Holder
) -> None:
    card = await holder.make()
    assert card.serial is not None
    not_after = around.store.tables.certificates[card.serial].not_after
    looked = Looked()
    around.clock.at = not_after
    assert await end_expired(around.desk, looked) == 0
    assert looked.upto == not_after
    around.clock.at = not_after + TICK
    assert await end_expired(around.desk, looked) == 1
    around.store.tables.cards[card.id] = card
    around.clock.advance(hours=23)
    assert await end_expired(around.desk, looked) == 1, "a day of it is looked at again"
    around.store.tables.cards[card.id] = card
    around.clock.advance(days=3)
    assert await end_expired(around.desk, Looked(upto=around.clock.at - timedelta(days=1))) == 0
    future = Looked(upto=around.clock.at + timedelta(days=400))
    assert await end_expired(around.desk, future) == 1, "the clock went back: all of it"
    assert future.upto == around.clock.at


async def test_a_card_that_could_not_end_is_looked_for_again(
    around: Surroundings, holder: Holder
) -> None:
    card = await holder.make()
    assert card.serial is not None
    around.clock.at = around.store.tables.certificates[card.serial].not_after + TICK
    certificates, looked = around.store.tables.certificates, Looked()
    kept = certificates.pop(card.serial)
    certificates[SerialNumber(99)] = kept
    assert await end_expired(around.desk, looked) == 0
    assert looked.upto is None
    certificates[card.serial] = certificates.pop(SerialNumber(99))
    assert await end_expired(around.desk, looked) == 1
    assert looked.upto == around.clock.at
