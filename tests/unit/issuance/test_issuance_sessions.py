"""Challenges, passes and sessions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fakes.issuance import (
    RSA,
    Surroundings,
    answer,
)
from fakes.issuance_store import START
from issuance.confirm_card import CardProof, confirm_card
from issuance.open_session import open_session
from issuance.steps.callers import operator_of, session_of
from issuing.holder import Holder, refusals
from pki.domain.errors import (
    Forbidden,
    PassStatusUnavailable,
    Refused,
    Unauthenticated,
)
from pki.domain.identifiers import Ura
from pki.domain.reasons import RefusalReason


async def test_a_challenge_is_used_once(around: Surroundings, holder: Holder) -> None:
    proof = await around.proof(holder.certificate)
    await open_session(around.desk, proof)
    with pytest.raises(Unauthenticated):
        await open_session(around.desk, proof)


async def test_a_wrong_answer_costs_the_challenge(around: Surroundings, holder: Holder) -> None:
    proof = await around.proof(holder.certificate)
    with pytest.raises(Unauthenticated):
        await open_session(around.desk, replace(proof, signature=b"no"))
    with pytest.raises(Unauthenticated):
        await open_session(around.desk, proof)
    assert around.passes.asked == 0


async def test_a_challenge_lives_two_minutes(around: Surroundings, holder: Holder) -> None:
    early, late = [await around.proof(holder.certificate) for _ in range(2)]
    around.clock.advance(seconds=119)
    await open_session(around.desk, early)
    around.clock.advance(seconds=1)
    with pytest.raises(Unauthenticated):
        await open_session(around.desk, late)


async def test_another_pass_cannot_answer(around: Surroundings, holder: Holder) -> None:
    other = around.uzi_pass("900099999")
    proof = await around.proof(other)
    with pytest.raises(Unauthenticated):
        await open_session(around.desk, replace(proof, certificate=holder.certificate))


async def test_an_answer_for_another_server_is_of_no_use(
    around: Surroundings, holder: Holder
) -> None:
    elsewhere = replace(around.desk, audience="evil.example")
    proof = await around.proof(holder.certificate)
    with pytest.raises(Unauthenticated):
        await open_session(elsewhere, proof)


async def test_a_challenge_serves_its_purpose_alone(around: Surroundings, holder: Holder) -> None:
    await holder.begin()
    await holder.order()
    await holder.certify()
    confirmation = holder.certified.challenge
    session_proof = await around.proof(holder.certificate)
    swapped = replace(
        session_proof,
        challenge_id=confirmation.id,
        signature=answer(confirmation, holder.certificate),
    )
    with pytest.raises(Unauthenticated):
        await open_session(around.desk, swapped)
    proof = CardProof(
        challenge_id=session_proof.challenge_id,
        signature=session_proof.signature,
        algorithm=RSA,
    )
    with pytest.raises(Unauthenticated):
        await confirm_card(around.desk, holder.session, holder.card.id, proof)


@pytest.mark.parametrize("reason", [r for r in RefusalReason if r.value.startswith("pass-")])
async def test_a_refused_pass_opens_no_session_and_is_recorded(
    around: Surroundings, holder: Holder, reason: RefusalReason
) -> None:
    around.passes.refusals[holder.certificate] = Refused(reason=reason, message="no")
    with pytest.raises(Refused) as raised:
        await holder.begin()
    assert raised.value.reason is reason
    assert refusals(around) == [reason]
    assert not around.store.tables.sessions


@pytest.mark.parametrize("reason", [RefusalReason.PASS_REVOKED, RefusalReason.PASS_EXPIRED])
async def test_a_pass_is_verified_again_with_the_order(
    around: Surroundings, holder: Holder, reason: RefusalReason
) -> None:
    await holder.begin()
    around.passes.refusals[holder.certificate] = Refused(reason=reason, message="no")
    with pytest.raises(Refused) as raised:
        await holder.order()
    assert raised.value.reason is reason
    assert not around.store.tables.cards


async def test_status_that_cannot_be_had_is_a_no_for_now(
    around: Surroundings, holder: Holder
) -> None:
    around.passes.refusals[holder.certificate] = PassStatusUnavailable(message="no CRL")
    with pytest.raises(PassStatusUnavailable):
        await holder.begin()
    assert refusals(around) == [RefusalReason.PASS_STATUS_UNKNOWN]


async def test_an_unregistered_organisation_is_refused(around: Surroundings) -> None:
    certificate = around.uzi_pass("900012345", Ura("11111111"))
    with pytest.raises(Refused) as raised:
        await around.session(certificate)
    assert raised.value.reason is RefusalReason.ORGANISATION_UNKNOWN


async def test_callers_are_who_they_prove_to_be(around: Surroundings, holder: Holder) -> None:
    proof = await around.proof(holder.certificate)
    opened = await open_session(around.desk, proof)
    assert len(opened.token) == 43
    assert opened.token not in repr(opened)
    assert opened.token not in repr(around.store.tables)
    assert await session_of(around.desk, opened.token) == opened.session
    for token in ("", "x" * 43, opened.token[:-1]):
        with pytest.raises(Unauthenticated):
            await session_of(around.desk, token)
    around.clock.advance(minutes=30)
    with pytest.raises(Unauthenticated):
        await session_of(around.desk, opened.token)
    with pytest.raises(Unauthenticated):
        await operator_of(around.desk, None)
    with pytest.raises(Forbidden):
        await operator_of(around.desk, b"somebody else's")


async def test_a_session_ends_with_its_pass(around: Surroundings, holder: Holder) -> None:
    soon = START + timedelta(minutes=5)
    known = around.passes.holders[holder.certificate]
    around.passes.holders[holder.certificate] = replace(known, not_after=soon)
    assert (await holder.begin()).expires_at == soon
