"""Confirming a card, and what happens to those that nobody confirms."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest

from fakes.issuance import (
    APOTHEEK,
    RSA,
    Surroundings,
    answer,
    key_in,
)
from fakes.issuance_store import START
from issuance.confirm_card import CardProof, confirm_card
from issuance.lapse import LapseRunner, lapse_overdue
from issuance.ports import WholeSession
from issuance.steps.enquiries import (
    card_for_holder,
    card_for_operator,
)
from issuing.holder import KEY, Holder
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.cards import Active, Issued, Lapsed
from pki.domain.errors import (
    Refused,
    StoreUnavailable,
    Unauthenticated,
)
from pki.domain.events import (
    CardConfirmed,
    CardLapsed,
    CardOrdered,
    CertificateIntended,
    CertificateIssued,
    SessionOpened,
)
from pki.domain.people import Role
from pki.domain.reasons import RefusalReason, RevocationReason
from pki.domain.status import Good, Revoked, Unconfirmed

T = TypeVar("T")


async def test_a_card_is_made_and_only_then_good(around: Surroundings, holder: Holder) -> None:
    await holder.begin()
    await holder.order()
    certified = await holder.certify()
    assert isinstance(certified.card.phase, Issued)
    serial = certified.card.phase.serial
    assert around.store.tables.statuses[serial] == Unconfirmed(since=START)
    assert key_in(certified.certificate) == KEY
    change = await holder.confirm()
    assert isinstance(change.card.phase, Active)
    assert around.store.tables.statuses[serial] == Good()
    assert [type(entry.event) for entry in around.store.tables.entries] == [
        SessionOpened,
        CardOrdered,
        CertificateIntended,
        CertificateIssued,
        CardConfirmed,
    ]
    card = await card_for_operator(
        around.desk, around.operator(Role.BEHEERDER, APOTHEEK), change.card.id
    )
    assert card == change.card == await card_for_holder(around.desk, holder.session, card.id)


async def test_another_keys_signature_confirms_nothing(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    await holder.order()
    await holder.certify()
    with pytest.raises(Unauthenticated):
        await holder.confirm(signer=holder.certificate)
    serial = holder.certified.card.serial
    assert serial is not None
    assert isinstance(around.store.tables.statuses[serial], Unconfirmed)
    with pytest.raises(Unauthenticated):
        await holder.confirm()
    await holder.certify()
    assert isinstance((await holder.confirm()).card.phase, Active)


async def test_another_cards_challenge_confirms_nothing(
    around: Surroundings, holder: Holder
) -> None:
    other = Holder(around, "900099999")
    for each, key, number in ((holder, "k", "ZC-000001"), (other, "o", "ZC-000002")):
        await each.begin()
        await each.order(key * 16, number)
        await each.certify(KEY + key.encode())
    challenge = other.certified.challenge
    proof = CardProof(
        challenge_id=challenge.id,
        signature=answer(challenge, holder.certified.certificate),
        algorithm=RSA,
    )
    with pytest.raises(Unauthenticated):
        await confirm_card(around.desk, holder.session, holder.card.id, proof)


async def test_another_algorithm_confirms_nothing(around: Surroundings, holder: Holder) -> None:
    await holder.begin()
    await holder.order()
    certified = await holder.certify()
    proof = CardProof(
        challenge_id=certified.challenge.id,
        signature=answer(certified.challenge, certified.certificate),
        algorithm=SignatureAlgorithm.ED25519,
    )
    with pytest.raises(Unauthenticated):
        await confirm_card(around.desk, holder.session, holder.card.id, proof)


async def test_a_confirmed_card_is_not_confirmed_or_certified_again(holder: Holder) -> None:
    await holder.make()
    with pytest.raises(Refused):
        await holder.confirm()
    with pytest.raises(Refused):
        await holder.certify()


@pytest.mark.parametrize("certified", [False, True])
async def test_what_takes_too_long_is_refused_and_lapses(
    around: Surroundings, holder: Holder, certified: bool
) -> None:
    await holder.begin()
    await holder.order()
    if certified:
        await holder.certify()
    around.clock.advance(minutes=30)
    late = holder.confirm() if certified else holder.certify()
    with pytest.raises(Refused) as raised:
        await late
    assert raised.value.reason is RefusalReason.CONFIRMATION_TOO_LATE
    around.clock.advance(seconds=1)
    assert await lapse_overdue(around.desk) == 1
    assert await lapse_overdue(around.desk) == 0
    card = around.store.tables.cards[holder.card.id]
    assert isinstance(card.phase, Lapsed)
    (entry,) = around.store.events(CardLapsed)
    assert isinstance(entry.event, CardLapsed)
    if certified:
        assert card.serial is not None
        reason = RevocationReason.CESSATION_OF_OPERATION
        assert around.store.tables.statuses[card.serial] == Revoked(at=START, reason=reason)
        assert entry.event.revoked_at == START
    else:
        assert entry.event.serial is None
    await holder.begin()
    again = await holder.order("n" * 16)
    assert again.id != card.id


async def test_an_order_under_signature_does_not_lapse(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    await holder.order()
    around.clock.advance(minutes=29, seconds=50)
    swept: list[int] = []

    async def slow_sign(tbs: bytes) -> bytes:
        around.clock.advance(seconds=20)
        swept.append(await lapse_overdue(around.desk))
        return b"CERT" + tbs

    around.authority.sign = slow_sign  # type: ignore[method-assign] # a slower signer
    assert isinstance((await holder.certify()).card.phase, Issued)
    assert swept == [0]


async def test_a_card_signed_while_the_sweep_goes_on_keeps_its_time(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    await holder.order()
    around.clock.advance(minutes=29, seconds=50)
    found, signed = asyncio.Event(), asyncio.Event()
    sign = around.authority.sign

    async def slow_sign(tbs: bytes) -> bytes:
        around.clock.advance(seconds=20)
        await found.wait()
        return await sign(tbs)

    class Interrupted:
        """Lets the signature come after the sweep has looked and before it acts."""

        async def write(self, work: Callable[[WholeSession], T], /) -> T:
            result = await around.store.write(work)
            found.set()
            await signed.wait()
            return result

    around.authority.sign = slow_sign  # type: ignore[method-assign] # a slower signer

    async def certify() -> None:
        await holder.certify()
        signed.set()

    async def sweep() -> int:
        while not around.store.events(CertificateIntended):  # noqa: ASYNC110 -- one turn of the loop
            await asyncio.sleep(0)
        around.clock.advance(seconds=1)
        return await lapse_overdue(replace(around.desk, store=Interrupted()))

    async with asyncio.TaskGroup() as group:
        group.create_task(certify())
        ended = group.create_task(sweep())
    assert ended.result() == 0
    assert isinstance((await holder.confirm()).card.phase, Active)


async def test_the_runner_goes_on_after_an_error(around: Surroundings, holder: Holder) -> None:
    await holder.begin()
    await holder.order()
    around.clock.advance(minutes=31)
    failures = 3
    lapsed = asyncio.Event()

    def fail_at_first() -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise StoreUnavailable(message="gone")

    def watch() -> None:
        if around.store.events(CardLapsed):
            lapsed.set()

    around.store.before_commit = fail_at_first
    around.store.after_commit = watch
    runner = LapseRunner(around.desk, every=timedelta(milliseconds=1))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(runner.run())
        async with asyncio.timeout(60):
            await lapsed.wait()
        task.cancel()


async def test_a_card_that_cannot_lapse_does_not_hold_up_others(
    around: Surroundings, holder: Holder
) -> None:
    other = Holder(around, "900099999")
    for each, key, number in ((holder, "k", "ZC-000001"), (other, "o", "ZC-000002")):
        await each.begin()
        await each.order(key * 16, number)
        await each.certify(KEY + key.encode())
    broken = holder.certified.card.serial
    assert broken is not None
    del around.store.tables.certificates[broken]
    around.store.tables.intents.pop(broken)
    around.clock.advance(minutes=31)
    assert await lapse_overdue(around.desk) == 1
    assert isinstance(around.store.tables.cards[other.card.id].phase, Lapsed)
