"""Responder certificates come and go under questions, and no answer is ever wrong."""

import asyncio
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from ocsp.credential import ResponderCredential
from ocsp.renewal import CredentialHolder
from pki.domain.errors import KeyMismatch, Refused, StoreUnavailable
from pki.domain.reasons import RefusalReason
from pki.domain.status import Good, OnHold
from status_side.bench import CA, OTHER_CA, Bench, request_for
from status_side.small_pki import SERIALS, PlainSigner, PracticeCa, new_key

DAY = timedelta(days=1)
GOOD, BLOCKED, *_ = SERIALS


class Renewing:
    """Certifies another key each time, from an hour ago, for 30 days."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.made: list[ResponderCredential] = []

    async def renew(self) -> ResponderCredential:
        signer = PlainSigner(new_key(f"responder {len(self.made)}"))
        start = self._bench.clock.at - timedelta(hours=1)
        self.made.append(ResponderCredential.of(signer, CA.responder(signer.key, start=start)))
        # While it is being made, questions go on.
        await asyncio.sleep(0)
        return self.made[-1]


def judge(body: bytes, at: datetime) -> str:
    """What a client believes: the delegation, its dates, the signature and the times."""
    answer = ocsp.load_der_ocsp_response(body)
    (delegate,) = answer.certificates
    delegate.verify_directly_issued_by(x509.load_der_x509_certificate(CA.certificate))
    key = delegate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
    (single,) = answer.responses
    assert single.next_update_utc is not None
    assert delegate.not_valid_before_utc <= answer.produced_at_utc <= at <= single.next_update_utc
    assert single.next_update_utc <= delegate.not_valid_after_utc
    return single.certificate_status.name


async def test_through_a_hundred_days_every_answer_is_right_and_signed_by_a_valid_one() -> None:
    bench = Bench()
    source = Renewing(bench)
    bench.holder._source = source
    bench.store.statuses |= {GOOD: Good(), BLOCKED: OnHold(since=bench.clock.at)}
    seen: set[bytes] = set()

    async def ask() -> None:
        for serial, right in ((GOOD, "GOOD"), (BLOCKED, "REVOKED")):
            for nonce in (None, b"nonce"):
                body = (await bench.post(request_for(serial, nonce=nonce))).body
                assert judge(body, bench.clock.at) == right
                seen.add(
                    ocsp.load_der_ocsp_response(body).certificates[0].fingerprint(hashes.SHA256())
                )

    for _ in range(100 * 2):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bench.holder.tend())
            tasks.create_task(ask())
        await ask()
        bench.clock.at += DAY / 2
    assert len(source.made) == 100 // 15
    assert len(seen) == len(source.made) + 1


async def test_the_old_one_answers_through_an_outage_of_its_second_half() -> None:
    bench = Bench()
    bench.store.statuses[GOOD] = Good()
    bench.source.fail = StoreUnavailable(message="issuance is down")
    end = bench.credential.not_after
    while bench.clock.at < end:
        await bench.holder.begin()
        assert judge((await bench.post(request_for(GOOD))).body, bench.clock.at) == "GOOD"
        bench.clock.at += DAY
    body = (await bench.post(request_for(GOOD))).body
    assert ocsp.load_der_ocsp_response(body).response_status.name == "TRY_LATER"


@pytest.mark.parametrize(
    "ca", [OTHER_CA, PracticeCa(common_name=CA.common_name, key=new_key("another generation"))]
)
async def test_a_start_with_a_certificate_of_another_ca_is_refused(ca: PracticeCa) -> None:
    bench = Bench()
    signer = PlainSigner(new_key("foreign"))
    bench.source.next_one = ResponderCredential.of(signer, ca.responder(signer.key))
    holder = CredentialHolder(bench.issuer, CA.certificate, bench.source, bench.clock)
    with pytest.raises(KeyMismatch):
        await holder.begin()


@pytest.mark.parametrize(
    "failure",
    [
        StoreUnavailable(message="down"),
        Refused(reason=RefusalReason.ISSUING_STOPPED, message="the CA ended"),
    ],
)
async def test_a_start_without_any_goes_on(failure: Exception) -> None:
    bench = Bench()
    bench.source.fail = failure
    holder = CredentialHolder(bench.issuer, CA.certificate, bench.source, bench.clock)
    await holder.begin()
    assert holder.failures == 1


@pytest.mark.parametrize("down", [False, True])
async def test_a_start_with_one_that_is_about_to_end(
    caplog: pytest.LogCaptureFixture, *, down: bool
) -> None:
    """Another takes over before the first answer; while none can be had, somebody is told."""
    bench = Bench()
    bench.store.statuses[GOOD] = Good()
    bench.clock.at = bench.credential.not_after - timedelta(minutes=30)
    signer = PlainSigner(new_key("next"))
    fresh = CA.responder(signer.key, start=bench.clock.at)
    bench.source.next_one = ResponderCredential.of(signer, fresh)
    bench.source.fail = StoreUnavailable(message="down", next_step="start it") if down else None
    await bench.holder.begin()
    body = (await bench.post(request_for(GOOD))).body
    assert judge(body, bench.clock.at) == "GOOD"
    (delegate,) = ocsp.load_der_ocsp_response(body).certificates
    assert (delegate.not_valid_after_utc - bench.clock.at > DAY) is not down
    told = [each for each in caplog.records if "not renewed" in each.message]
    assert [vars(each)["next_step"] for each in told] == (["start it"] if down else [])


async def test_outside_its_issuers_life_none_is_asked_for() -> None:
    bench = Bench()
    holder = CredentialHolder(bench.issuer, CA.certificate, bench.source, bench.clock)
    issuer = x509.load_der_x509_certificate(CA.certificate)
    for moment in (
        issuer.not_valid_before_utc - timedelta(seconds=1),
        issuer.not_valid_after_utc + timedelta(seconds=1),
    ):
        bench.clock.at = moment
        assert not holder.can_answer(moment)
        await holder.tend()
    assert bench.source.asked == 0
