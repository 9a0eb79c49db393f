"""Certifying a card's key, and what may go wrong between."""

import asyncio

import pytest

from fakes.issuance import (
    Surroundings,
)
from fakes.issuance_store import START
from issuance.lapse import lapse_overdue
from issuance.steps.intents import close_all_intents
from issuing.holder import Holder, refusals
from pki.domain.cards import Issued
from pki.domain.errors import (
    KeyRejected,
    Refused,
    SignerBusy,
    StoreUnavailable,
    Unavailable,
)
from pki.domain.events import (
    IntentClosed,
)
from pki.domain.reasons import RefusalReason
from pki.domain.status import Revoked


async def test_the_same_key_gives_the_same_certificate_and_a_fresh_challenge(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    await holder.order()
    first = await holder.certify()
    second = await holder.certify()
    assert first.certificate == second.certificate
    assert first.challenge.id != second.challenge.id
    assert len(around.authority.signed) == 1


async def test_parallel_requests_for_one_card_sign_once(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    await holder.order()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(holder.certify()) for _ in range(10)]
    assert len({task.result().certificate for task in tasks}) == 1
    assert len(around.authority.signed) == 1


@pytest.mark.parametrize("key", [b"weak key", b"unproven key"])
async def test_a_bad_key_is_rejected_before_anything_is_recorded(
    around: Surroundings, holder: Holder, key: bytes
) -> None:
    await holder.begin()
    await holder.order()
    with pytest.raises(KeyRejected):
        await holder.certify(key)
    assert not around.store.tables.intents


async def test_a_key_serves_one_card(around: Surroundings, holder: Holder) -> None:
    await holder.make()
    other = Holder(around, "900099999")
    await other.begin()
    await other.order(key="o" * 16, number="ZC-000002")
    with pytest.raises(KeyRejected) as raised:
        await other.certify()
    assert raised.value.rule == "key seen before"


async def test_another_key_for_a_certified_card_is_refused(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    await holder.order()
    await holder.certify()
    with pytest.raises(Refused) as raised:
        await holder.certify(b"another key")
    assert raised.value.reason is RefusalReason.CARD_STATE


async def test_a_failed_signature_gives_up_its_serial_and_the_next_try_works(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    await holder.order()

    def busy() -> None:
        raise SignerBusy(message="too many")

    around.authority.before_sign = busy
    with pytest.raises(SignerBusy):
        await holder.certify()
    lost = next(iter(around.store.tables.intents))
    assert around.store.tables.statuses[lost] == Revoked(at=START, reason=None)
    around.authority.before_sign = lambda: None
    around.clock.advance(seconds=1)
    certified = await holder.certify()
    assert certified.card.serial not in {None, lost}
    assert len(around.store.events(IntentClosed)) == 1


async def test_with_the_store_gone_the_lease_closes_the_serial(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    await holder.order()

    def gone() -> None:
        raise StoreUnavailable(message="gone")

    def signer_and_store_fail() -> None:
        around.store.before_commit = gone
        raise SignerBusy(message="too many")

    around.authority.before_sign = signer_and_store_fail
    with pytest.raises(SignerBusy):
        await holder.certify()
    around.store.before_commit = lambda: None
    around.authority.before_sign = lambda: None
    with pytest.raises(Unavailable):
        await holder.certify()
    assert not around.authority.signed
    around.clock.advance(seconds=61)
    assert await lapse_overdue(around.desk) == 1
    await holder.certify()
    assert len(around.authority.signed) == 1


async def test_the_lease_also_ends_without_a_sweep(around: Surroundings, holder: Holder) -> None:
    await holder.begin()
    await holder.order()
    around.authority.before_sign = lambda: around.clock.advance(seconds=61)

    def sweep() -> None:
        around.authority.after_sign = lambda: None

    around.authority.after_sign = sweep
    certified = await holder.certify()
    assert isinstance(certified.card.phase, Issued)


async def test_a_signature_after_its_serial_was_given_up_is_thrown_away(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    await holder.order()
    sweeps: list[int] = []

    async def slow_sign(tbs: bytes) -> bytes:
        around.clock.advance(seconds=61)
        sweeps.append(await lapse_overdue(around.desk))
        return b"CERT" + tbs

    around.authority.sign = slow_sign  # type: ignore[method-assign] # a slower signer
    with pytest.raises(Unavailable):
        await holder.certify()
    assert sweeps == [1]
    assert not around.store.tables.certificates


async def test_issuing_can_stop(around: Surroundings, holder: Holder) -> None:
    await holder.begin()
    await holder.order()
    around.authority.refusal = Refused(reason=RefusalReason.ISSUING_STOPPED, message="too old")
    with pytest.raises(Refused):
        await holder.certify()
    assert refusals(around) == [RefusalReason.ISSUING_STOPPED]
    assert not around.store.tables.intents


async def test_serials_of_a_former_run_are_given_up_at_once(
    around: Surroundings, holder: Holder
) -> None:
    await holder.begin()
    await holder.order()

    def die() -> None:
        raise asyncio.CancelledError

    around.authority.after_sign = die
    with pytest.raises(asyncio.CancelledError):
        await holder.certify()
    around.authority.after_sign = lambda: None
    assert await close_all_intents(around.desk) == 1
    assert await close_all_intents(around.desk) == 0
    certified = await holder.certify()
    assert isinstance(certified.card.phase, Issued)
