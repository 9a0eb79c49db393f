"""Ordering a card."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import date

import pytest

from fakes.issuance import (
    HUISARTS,
    Surroundings,
)
from issuance.block_card import block_card
from issuance.order_card import order_card
from issuance.register_operator import NewOperator, register_operator
from issuance.revoke_card import revoke_card
from issuance.steps.enquiries import (
    card_for_holder,
)
from issuing.holder import NAME, Holder, order
from pki.domain.cards import Active, Card
from pki.domain.errors import (
    Conflict,
    IdempotencyMismatch,
    NotFound,
    Refused,
    Unauthenticated,
)
from pki.domain.events import (
    CardOrdered,
)
from pki.domain.identifiers import UziNumber
from pki.domain.people import BirthDate, Role
from pki.domain.reasons import BlockReason, RefusalReason, RevokeReason
from pki.domain.registration.records import KnownPerson


async def test_the_journal_holds_no_personal_data(around: Surroundings, holder: Holder) -> None:
    await holder.make()
    text = repr(around.store.tables.entries)
    for secret in ("900012345", "Jansen", "1980", "ZC-000001"):
        assert secret not in text
    pass_digest = hashlib.sha256(holder.certificate).hexdigest()
    assert pass_digest not in text
    stored = around.store.tables.birth_dates[holder.card.person_id]
    assert b"1980" not in stored


async def test_the_order_needs_the_pass_of_the_session(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    with pytest.raises(Unauthenticated):
        await order_card(around.desk, holder.session, order(around.uzi_pass("900099999")))


async def test_an_operator_is_refused_a_card(around: Surroundings, holder: Holder) -> None:
    await holder.begin()
    new = NewOperator(
        role=Role.BEHEERDER,
        ura=HUISARTS,
        certificate=b"client",
        person=KnownPerson(uzi_number=UziNumber(holder.number), name=NAME),
    )
    await register_operator(around.desk, around.team, new)
    with pytest.raises(Refused) as raised:
        await holder.order()
    assert raised.value.reason is RefusalReason.HOLDER_USES_MOBIEL
    with pytest.raises(Refused):
        await holder.begin()


async def test_the_same_order_is_the_same_card(around: Surroundings, holder: Holder) -> None:
    await holder.begin()
    card = await holder.order()
    assert await holder.order() == card
    assert len(around.store.events(CardOrdered)) == 1


async def test_the_same_key_for_something_else_is_refused(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    await holder.order()
    with pytest.raises(IdempotencyMismatch):
        await holder.order(number="ZC-000002")
    other_day = replace(order(holder.certificate), birth_date=BirthDate(date(1980, 3, 1)))
    with pytest.raises(IdempotencyMismatch):
        await order_card(around.desk, holder.session, other_day)
    other = Holder(around, "900099999")
    await other.begin()
    with pytest.raises(IdempotencyMismatch):
        await other.order()


async def test_a_card_number_serves_one_holder(around: Surroundings, holder: Holder) -> None:
    await holder.make()
    other = Holder(around, "900099999")
    await other.begin()
    with pytest.raises(Refused) as raised:
        await other.order(key="o" * 16)
    assert raised.value.reason is RefusalReason.CARD_NUMBER_IN_USE


async def test_a_birth_date_must_be_possible(around: Surroundings, holder: Holder) -> None:
    await holder.begin()
    future = replace(order(holder.certificate), birth_date=BirthDate(date(2027, 1, 1)))
    with pytest.raises(Refused) as raised:
        await order_card(around.desk, holder.session, future)
    assert raised.value.reason is RefusalReason.BIRTH_DATE_INVALID


async def test_parallel_orders_of_one_person_give_one_card(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()

    async def attempt(number: int) -> Card | RefusalReason:
        this = order(holder.certificate, f"key-{number:012}", f"ZC-{number:06}")
        try:
            return await order_card(around.desk, holder.session, this)
        except Refused as refused:
            return refused.reason

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(attempt(number)) for number in range(20)]
    outcomes = [task.result() for task in tasks]
    assert outcomes.count(RefusalReason.HOLDER_HAS_CARD) == 19
    assert len(around.store.tables.cards) == 1


async def test_nobody_reaches_anothers_card(around: Surroundings, holder: Holder) -> None:
    await holder.begin()
    await holder.order()
    other = Holder(around, "900099999")
    await other.begin()
    other.card = holder.card
    with pytest.raises(NotFound):
        await other.certify()
    with pytest.raises(NotFound):
        await card_for_holder(around.desk, other.session, holder.card.id)
    elsewhere = await around.session(around.uzi_pass(holder.number, HUISARTS))
    with pytest.raises(Conflict):
        await card_for_holder(around.desk, elsewhere, holder.card.id)


async def test_a_new_card_after_revocation_only(around: Surroundings, holder: Holder) -> None:
    card = await holder.make()
    await block_card(around.desk, around.team, card.id, BlockReason.LOSS)
    with pytest.raises(Refused) as raised:
        await holder.begin()
    assert raised.value.reason is RefusalReason.HOLDER_HAS_CARD
    await revoke_card(around.desk, around.team, card.id, RevokeReason.LOSS_OR_THEFT)
    await holder.begin()
    again = await holder.order("n" * 16, "ZC-000002")
    assert again.person_id == card.person_id
    assert again.id != card.id


async def test_an_order_can_be_resumed_in_a_new_session(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    card = await holder.order()
    await holder.certify()
    holder.session = await around.session(holder.certificate)
    assert await holder.order() == around.store.tables.cards[card.id]
    await holder.certify()
    assert isinstance((await holder.confirm()).card.phase, Active)
