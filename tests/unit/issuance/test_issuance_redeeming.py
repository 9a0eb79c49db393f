"""Redeeming an invitation: once, whatever goes wrong between."""

import asyncio

import pytest

from fakes.issuance import Surroundings, fake_request
from issuance.lapse import lapse_overdue
from issuance.mobiel.redeem import TelephoneCertifier
from issuance.steps.intents import close_all_intents
from issuing.phones import (
    KEY,
    FakeMobielCa,
    invited,
    redeemed,
    registered,
    with_mobiel_ca,
)
from pki.domain.errors import (
    Conflict,
    KeyRejected,
    Malformed,
    SignerUnavailable,
    StoreUnavailable,
    Unauthenticated,
    Unavailable,
)
from pki.domain.mobiel.events import (
    MobielIntentClosed,
)
from pki.domain.mobiel.records import MobielState
from pki.domain.status import Revoked, Unconfirmed


@pytest.fixture
def ca(around: Surroundings) -> FakeMobielCa:
    return with_mobiel_ca(around)


@pytest.fixture(autouse=True)
def _there_is_a_ca(ca: FakeMobielCa) -> None:
    del ca


async def test_a_lost_answer_is_given_again_and_never_for_another_key(
    around: Surroundings, ca: FakeMobielCa
) -> None:
    made = await invited(around)
    first = await redeemed(around, made.code)
    assert await redeemed(around, made.code) == first
    with pytest.raises(Conflict):
        await redeemed(around, made.code, b"another key")
    assert len(ca.signed) == 1


async def test_two_at_once_get_the_same_certificate(around: Surroundings, ca: FakeMobielCa) -> None:
    code = (await invited(around)).code
    certifier = TelephoneCertifier(around.desk)
    async with asyncio.TaskGroup() as group:
        both = [group.create_task(certifier.redeem(code, fake_request(KEY))) for _ in range(2)]
    assert both[0].result() == both[1].result()
    assert len(ca.signed) == 1


async def test_a_key_is_certified_once_and_must_be_proven_and_strong(around: Surroundings) -> None:
    await registered(around)
    code = (await invited(around, "900054321")).code
    for key in (KEY, b"weak", b"unproven"):
        with pytest.raises(KeyRejected):
            await redeemed(around, code, key)
    with pytest.raises(Malformed):
        await TelephoneCertifier(around.desk).redeem(code, b"no request")
    assert (await redeemed(around, code, b"a fresh key")).identity.state is MobielState.REGISTERED


async def test_a_signer_that_is_gone_costs_a_serial_and_no_code(
    around: Surroundings, ca: FakeMobielCa
) -> None:
    code = (await invited(around)).code

    def gone() -> None:
        raise SignerUnavailable(message="gone")

    ca.before_sign = gone
    with pytest.raises(SignerUnavailable):
        await redeemed(around, code)
    (closed,) = around.store.events(MobielIntentClosed)
    (lost,) = around.store.tables.telephones
    revoked = around.store.tables.statuses[lost]
    assert revoked == Revoked(at=closed.at, reason=None)
    ca.before_sign = lambda: None
    assert (await redeemed(around, code)).identity.serial != lost


async def test_a_server_that_dies_while_signing_leaves_a_serial_that_is_revoked(
    around: Surroundings, ca: FakeMobielCa
) -> None:
    code = (await invited(around)).code

    def dead() -> None:
        raise StoreUnavailable(message="gone")

    def after_signing() -> None:
        around.store.before_commit = dead

    ca.after_sign = after_signing
    with pytest.raises(StoreUnavailable):
        await redeemed(around, code)
    around.store.before_commit = ca.after_sign = lambda: None
    (lost,) = around.store.tables.telephones
    assert isinstance(around.store.tables.statuses[lost], Unconfirmed)
    with pytest.raises(Unavailable):
        await redeemed(around, code)
    around.clock.advance(minutes=1, seconds=1)
    assert await lapse_overdue(around.desk) == 1
    assert isinstance(around.store.tables.statuses[lost], Revoked)
    assert (await redeemed(around, code)).identity.serial != lost


async def test_what_a_former_run_left_open_is_closed_at_the_start(
    around: Surroundings, ca: FakeMobielCa
) -> None:
    code = (await invited(around)).code

    def dead() -> None:
        raise StoreUnavailable(message="gone")

    def after_signing() -> None:
        around.store.before_commit = dead

    ca.after_sign = after_signing
    with pytest.raises(StoreUnavailable):
        await redeemed(around, code)
    around.store.before_commit = ca.after_sign = lambda: None
    assert await close_all_intents(around.desk) == 1
    await redeemed(around, code)


async def test_withdrawn_while_it_was_signed_it_becomes_nothing(
    around: Surroundings, ca: FakeMobielCa
) -> None:
    made = await invited(around)

    def withdraw() -> None:
        around.store.tables.invitations.clear()

    ca.after_sign = withdraw
    with pytest.raises(Unauthenticated):
        await redeemed(around, made.code)
    assert not around.store.tables.mobiel
    (lost,) = around.store.tables.telephones
    assert isinstance(around.store.tables.statuses[lost], Revoked)
