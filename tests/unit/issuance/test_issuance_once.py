"""A key and a change: once, answered alike, and never two things under one key."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings
from issuance.block_card import block_card
from issuance.register_operator import NewOperator, register_operator
from issuance.register_organisation import NewOrganisation, register_organisation
from issuance.revoke_card import revoke_card
from issuance.steps.card_change import CardChange
from issuance.steps.once import KEPT, AnsweredBefore, Once, T
from issuance.steps.terms import Terms
from issuance.unblock_card import unblock_card
from issuing.holder import Holder
from pki.domain.errors import IdempotencyMismatch, Refused, StoreUnavailable
from pki.domain.events import CardBlocked, OperatorRegistered, OrganisationRegistered
from pki.domain.identifiers import IdempotencyKey, Ura
from pki.domain.people import Operator, Role
from pki.domain.reasons import BlockReason, RevokeReason

LOSS = BlockReason.LOSS


def under(
    operator: Operator,
    asked: str = "block",
    key: str = "k" * 16,
    render: Callable[[T], str] = repr,
) -> Once[T]:
    return Once(
        asker=operator.id,
        key=IdempotencyKey(key),
        request_sha256=hashlib.sha256(asked.encode()).digest(),
        render=render,
    )


def position(change: CardChange) -> str:
    return str(change.entry.position)


async def test_a_change_under_a_key_happens_once(around: Surroundings, holder: Holder) -> None:
    card = await holder.make()
    once = under(around.team, render=position)
    first = await block_card(around.desk, around.team, card.id, LOSS, Terms(once=once))
    for _ in range(2):
        with pytest.raises(AnsweredBefore) as before:
            await block_card(around.desk, around.team, card.id, LOSS, Terms(once=once))
        assert before.value.text == position(first)
    assert len(around.store.events(CardBlocked)) == 1


async def test_the_answer_stays_when_the_card_goes_on(around: Surroundings, holder: Holder) -> None:
    """A retry that comes late tells what happened then, and blocks nothing again."""
    card = await holder.make()
    once = under(around.team, render=position)
    await block_card(around.desk, around.team, card.id, LOSS, Terms(once=once))
    lifted = under(around.team, "unblock", "u" * 16, position)
    await unblock_card(around.desk, around.team, card.id, Terms(once=lifted))
    with pytest.raises(AnsweredBefore):
        await block_card(around.desk, around.team, card.id, LOSS, Terms(once=once))
    assert len(around.store.events(CardBlocked)) == 1


async def test_another_request_under_the_key_is_refused(
    around: Surroundings, holder: Holder
) -> None:
    card = await holder.make()
    await block_card(around.desk, around.team, card.id, LOSS, Terms(once=under(around.team)))
    with pytest.raises(IdempotencyMismatch):
        await revoke_card(
            around.desk,
            around.team,
            card.id,
            RevokeReason.DEFECT,
            terms=Terms(once=under(around.team, "revoke")),
        )


async def test_callers_do_not_share_keys(around: Surroundings, holder: Holder) -> None:
    card = await holder.make()
    manager = around.operator(Role.BEHEERDER, APOTHEEK)
    await block_card(around.desk, around.team, card.id, LOSS, Terms(once=under(around.team)))
    await unblock_card(around.desk, manager, card.id, Terms(once=under(manager, "unblock")))
    assert len(around.store.tables.answers) == 2


async def test_a_refusal_is_not_kept(around: Surroundings, holder: Holder) -> None:
    card = await holder.make()
    once: Once[CardChange] = under(around.team, "unblock")
    with pytest.raises(Refused):
        await unblock_card(around.desk, around.team, card.id, Terms(once=once))
    await block_card(around.desk, around.team, card.id, LOSS)
    await unblock_card(around.desk, around.team, card.id, Terms(once=once))


async def test_change_and_answer_are_kept_together(around: Surroundings, holder: Holder) -> None:
    """The answer is lost after the commit, or the change before it: both ways a retry is right."""
    card = await holder.make()
    once = under(around.team, render=position)

    def lost() -> None:
        raise StoreUnavailable(message="the line is dead")

    around.store.before_commit = lost
    with pytest.raises(StoreUnavailable):
        await block_card(around.desk, around.team, card.id, LOSS, Terms(once=once))
    assert not around.store.tables.answers
    around.store.before_commit, around.store.after_commit = lambda: None, lost
    with pytest.raises(StoreUnavailable):
        await block_card(around.desk, around.team, card.id, LOSS, Terms(once=once))
    around.store.after_commit = lambda: None
    with pytest.raises(AnsweredBefore) as before:
        await block_card(around.desk, around.team, card.id, LOSS, Terms(once=once))
    (blocked,) = around.store.events(CardBlocked)
    assert before.value.text == str(blocked.position)


async def test_a_key_is_free_again_after_a_day(around: Surroundings) -> None:
    new = NewOrganisation(ura=Ura("11111111"), name="Apotheek De Linde")
    await register_organisation(around.desk, around.team, new, under(around.team))
    around.clock.advance(seconds=KEPT.total_seconds() - 1)
    with pytest.raises(AnsweredBefore):
        await register_organisation(around.desk, around.team, new, under(around.team))
    around.clock.advance(seconds=1)
    other = replace(new, ura=Ura("22222222"))
    await register_organisation(around.desk, around.team, other, under(around.team, "other"))
    assert len(around.store.events(OrganisationRegistered)) == 2


async def test_operators_are_registered_under_keys_too(around: Surroundings) -> None:
    new = NewOperator(role=Role.BEHEERDER, ura=HUISARTS, certificate=b"client")
    await register_operator(around.desk, around.team, new, under(around.team))
    with pytest.raises(AnsweredBefore):
        await register_operator(around.desk, around.team, new, under(around.team))
    assert len(around.store.events(OperatorRegistered)) == 1
