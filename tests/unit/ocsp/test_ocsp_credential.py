"""The responder's certificate: checked when it comes, renewed while it is used."""

import asyncio
from datetime import timedelta

import pytest

from fakes.status import START
from ocsp.credential import ResponderCredential
from ocsp.issuers import IssuerStatus, IssuerTable
from ocsp.renewal import CredentialHolder
from pki.domain.errors import KeyMismatch, SignerUnavailable, StoreUnavailable
from pki.domain.identifiers import IssuerId
from pki.domain.status import Good
from status_side.bench import CA, OTHER_CA, Bench, cert_id, request_for, response
from status_side.small_pki import SERIALS, PlainSigner, PracticeCa, new_key

CARD, *_ = SERIALS
NEW = PlainSigner(new_key("new responder"))


def fresh(bench: Bench) -> ResponderCredential:
    return ResponderCredential.of(NEW, CA.responder(NEW.key, start=bench.clock.at))


def test_a_certificate_of_another_key_is_refused() -> None:
    with pytest.raises(KeyMismatch):
        ResponderCredential.of(NEW, CA.responder(new_key("responder")))


def test_a_certificate_not_for_ocsp_is_refused() -> None:
    with pytest.raises(KeyMismatch):
        ResponderCredential.of(PlainSigner(new_key("card")), CA.card(CARD))


def test_a_certificate_of_another_issuer_is_refused() -> None:
    bench = Bench()
    foreign = ResponderCredential.of(NEW, OTHER_CA.responder(NEW.key))
    with pytest.raises(KeyMismatch):
        CredentialHolder(bench.issuer, CA.certificate, bench.source, bench.clock, foreign)


def test_a_certificate_of_another_key_under_the_same_name_is_refused() -> None:
    bench = Bench()
    namesake = PracticeCa(common_name=CA.common_name, key=new_key("another generation"))
    foreign = ResponderCredential.of(NEW, namesake.responder(NEW.key))
    with pytest.raises(KeyMismatch):
        CredentialHolder(bench.issuer, CA.certificate, bench.source, bench.clock, foreign)


async def test_nothing_is_renewed_before_half_its_life() -> None:
    bench = Bench()
    bench.clock.at = bench.credential.renew_at - timedelta(seconds=1)
    await bench.holder.tend()
    assert bench.source.asked == 0


async def test_at_half_its_life_a_new_one_takes_over() -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    old = await bench.post(request_for(CARD))
    bench.clock.at = bench.credential.renew_at
    bench.source.next_one = fresh(bench)
    await bench.holder.tend()
    new = response(await bench.post(request_for(CARD)))
    assert response(old).certificates == (bench.credential.certificate,)
    assert new.certificates == (bench.source.next_one.certificate,)
    assert new.responder_key_hash == bench.source.next_one.key_hash
    assert bench.holder.renewals == 1


async def test_the_old_one_answers_while_none_can_be_had() -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    bench.clock.at = bench.credential.renew_at
    bench.source.fail = StoreUnavailable(message="issuance is down")
    with pytest.raises(StoreUnavailable):
        await bench.holder.tend()
    assert await bench.status(CARD) == Good()


async def test_a_new_one_that_is_not_valid_is_not_used() -> None:
    bench = Bench()
    bench.clock.at = bench.credential.renew_at
    bench.source.next_one = ResponderCredential.of(
        NEW, CA.responder(NEW.key, start=bench.clock.at + timedelta(hours=1))
    )
    with pytest.raises(SignerUnavailable):
        await bench.holder.tend()
    assert bench.holder.at(bench.clock.at) is bench.credential


@pytest.mark.parametrize("failure", [StoreUnavailable(message="down"), ZeroDivisionError()])
async def test_no_failure_ends_renewal(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocsp.renewal.FIRST_PAUSE", 0.0)
    monkeypatch.setattr("ocsp.renewal.LONGEST_PAUSE", 0.0)
    bench = Bench()
    bench.clock.at = bench.credential.renew_at
    bench.source.fail = failure
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.holder.run())
        while bench.holder.failures < 2:  # noqa: ASYNC110 -- the loop under test has no other sign
            await asyncio.sleep(0)
        bench.source.next_one, bench.source.fail = fresh(bench), None
        while not bench.holder.renewals:  # noqa: ASYNC110 -- as above
            await asyncio.sleep(0)
        running.cancel()
    assert bench.holder.not_after == bench.source.next_one.not_after


async def test_without_any_credential_a_first_one_is_made() -> None:
    bench = Bench()
    holder = CredentialHolder(bench.issuer, CA.certificate, bench.source, bench.clock)
    with pytest.raises(SignerUnavailable):
        holder.at(START)
    bench.source.next_one = fresh(bench)
    await holder.tend()
    assert holder.at(START) is bench.source.next_one


def test_each_issuer_is_found_by_both_its_hashes() -> None:
    ours, theirs = IssuerId("ours"), IssuerId("theirs")
    table = IssuerTable(
        [IssuerStatus.of(ours, CA.certificate), IssuerStatus.of(theirs, OTHER_CA.certificate)]
    )
    assert table.find(cert_id(CARD, "sha1")) == ours
    assert table.find(cert_id(CARD, "sha384", OTHER_CA)) == theirs
