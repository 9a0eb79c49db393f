"""What is answered for which status, and when nothing but an error may be said."""

import asyncio
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from ocsp.policy import ResponderPolicy
from ocsp.responder import LONGEST_KEPT
from ocsp.statistics import Kind
from pki.der.ocsp import OcspError, encode_request
from pki.der.spki import key_identifier
from pki.domain.errors import ConfigurationInvalid, SignatureBroken, SignerBusy
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import Good, OnHold, Revoked, Unconfirmed
from status_side.bench import OTHER_CA, Bench, cert_id, one, refusal, request_for, response
from status_side.small_pki import SERIALS

CARD, OTHER, *_ = SERIALS
NEVER = SerialNumber(CARD.value + 1000)


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.store.statuses[CARD] = Good()
    return made


@pytest.mark.parametrize("hash_name", ["sha1", "sha256", "sha384", "sha512"])
async def test_good_is_echoed_in_the_hash_that_was_asked(bench: Bench, hash_name: str) -> None:
    answer = await bench.post(request_for(CARD, hash_name=hash_name))
    read = response(answer)
    (single,) = read.singles
    assert single.status == Good()
    assert single.cert_id == cert_id(CARD, hash_name)
    assert read.responder_key_hash == key_identifier(bench.signer.public_key)
    assert read.certificates == (bench.credential.certificate,)
    assert read.produced_at == single.this_update == bench.clock.at
    assert single.next_update == bench.clock.at + timedelta(minutes=15)
    made = Kind("good", hash_name, "POST"), "miss"
    assert bench.responder.statistics.answers() == {made: 1}


async def test_the_signature_verifies_elsewhere(bench: Bench) -> None:
    read = ocsp.load_der_ocsp_response((await bench.post(request_for(CARD))).body)
    (certificate,) = read.certificates
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(read.signature, read.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))


async def test_headers_of_an_answer_that_may_be_kept(bench: Bench) -> None:
    answer = await bench.post(request_for(CARD))
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("last-modified") == "Sun, 22 Nov 2026 12:00:00 GMT"
    assert answer.header("expires") == "Sun, 22 Nov 2026 12:15:00 GMT"
    assert (answer.header("etag") or "").strip('"').isalnum()
    wanted = "max-age=10, public, no-transform, must-revalidate"
    assert answer.header("cache-control") == wanted


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (OnHold(since=Bench().clock.at), OnHold(since=Bench().clock.at)),
        (
            Revoked(at=Bench().clock.at, reason=RevocationReason.KEY_COMPROMISE),
            Revoked(at=Bench().clock.at, reason=RevocationReason.KEY_COMPROMISE),
        ),
        (
            Revoked(at=Bench().clock.at + timedelta(microseconds=7), reason=None),
            Revoked(at=Bench().clock.at, reason=None),
        ),
    ],
)
async def test_blocked_and_revoked(bench: Bench, status: OnHold | Revoked, shown: object) -> None:
    bench.store.statuses[CARD] = status
    answer = await bench.post(request_for(CARD))
    assert one(answer) == shown
    assert "max-age=10" in (answer.header("cache-control") or "")


async def test_unconfirmed_is_on_hold_and_never_kept(bench: Bench) -> None:
    bench.store.statuses[CARD] = Unconfirmed(since=bench.clock.at)
    body = request_for(CARD)
    answer = await bench.post(body)
    (single,) = response(answer).singles
    assert single.status == OnHold(since=bench.clock.at)
    assert single.next_update == bench.clock.at + timedelta(seconds=60)
    assert answer.header("cache-control") == "no-store"
    assert bench.hot(body) is None


@pytest.mark.parametrize("serial", [NEVER.value, 0, -5, 1 << 200], ids=hex)
async def test_never_issued_is_a_signed_unknown(bench: Bench, serial: int) -> None:
    body = encode_request([cert_id(serial)])
    answer = await bench.post(body)
    (single,) = response(answer).singles
    assert single.status is None
    assert single.next_update == bench.clock.at + timedelta(seconds=60)
    assert answer.header("cache-control") == "no-store"
    assert bench.hot(body) is None


async def test_another_issuer_is_unauthorized(bench: Bench) -> None:
    foreign = encode_request([cert_id(CARD, ca=OTHER_CA)])
    assert refusal(await bench.post(foreign)) is OcspError.UNAUTHORIZED
    assert bench.signer.signed == 0


async def test_name_of_one_issuer_with_the_key_of_another_is_not_ours(bench: Bench) -> None:
    ours, theirs = cert_id(CARD), cert_id(CARD, ca=OTHER_CA)
    mixed = encode_request([ours]).replace(ours.issuer_key_hash, theirs.issuer_key_hash)
    assert refusal(await bench.post(mixed)) is OcspError.UNAUTHORIZED


async def test_a_mixed_request_answers_ours_and_not_theirs(bench: Bench) -> None:
    bench.store.statuses[OTHER] = OnHold(since=bench.clock.at)
    ids = [cert_id(OTHER), cert_id(CARD, ca=OTHER_CA), cert_id(CARD, "sha1"), cert_id(NEVER)]
    answer = await bench.post(encode_request(ids))
    singles = response(answer).singles
    assert [single.cert_id for single in singles] == ids
    statuses = [single.status for single in singles]
    assert statuses == [OnHold(since=bench.clock.at), None, Good(), None]
    assert answer.header("cache-control") == "no-store"


async def test_a_nonce_is_echoed_and_signed_live(bench: Bench) -> None:
    body = request_for(CARD, nonce=b"n" * 32)
    for times in (1, 2):
        answer = await bench.post(body)
        assert response(answer).nonce == b"n" * 32
        assert answer.header("cache-control") == "no-store"
        assert bench.signer.signed == times
    assert bench.hot(body) is None


async def test_too_many_certificates_are_refused(bench: Bench) -> None:
    body = encode_request([cert_id(CARD)] * 65)
    assert refusal(await bench.post(body)) is OcspError.MALFORMED_REQUEST


async def test_a_busy_signer_means_try_later(bench: Bench) -> None:
    bench.signer.fail = SignerBusy(message="busy")
    assert refusal(await bench.post(request_for(CARD))) is OcspError.TRY_LATER


async def test_a_broken_signature_never_leaves(bench: Bench) -> None:
    bench.signer.fail = SignatureBroken(message="bits fell over")
    assert refusal(await bench.post(request_for(CARD))) is OcspError.INTERNAL_ERROR


async def test_what_does_not_read_back_never_leaves(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = await bench.post(request_for(NEVER))
    monkeypatch.setattr("ocsp.signing.whole.read_response", lambda der: response(others))
    assert refusal(await bench.post(request_for(CARD))) is OcspError.INTERNAL_ERROR
    assert bench.hot(request_for(CARD)) is None


async def test_without_the_store_nothing_is_good(bench: Bench) -> None:
    bench.store.broken = True
    assert refusal(await bench.post(request_for(CARD))) is OcspError.TRY_LATER


async def test_a_store_that_hangs_means_try_later_and_is_not_asked_at_once_again() -> None:
    bench = Bench(ResponderPolicy(read_seconds=0.01))
    bench.store.hangs = True
    for _ in range(3):
        assert refusal(await bench.post(request_for(CARD))) is OcspError.TRY_LATER
    assert bench.store.reads == 1
    bench.store.hangs = False
    bench.clock.advance(1)
    assert await bench.status(CARD) is None


async def test_kept_answers_go_on_without_the_store_until_the_blindness_limit(bench: Bench) -> None:
    body = request_for(CARD)
    first = await bench.post(body)
    bench.store.broken = True
    bench.store.age = 299
    bench.clock.advance(299)
    assert bench.hot(body) is None
    assert (await bench.post(body)).body == first.body
    assert bench.given("kept") == 1
    bench.store.age = 301
    assert refusal(await bench.post(body)) is OcspError.TRY_LATER


async def test_a_kept_answer_never_outlives_its_own_end() -> None:
    bench = Bench(ResponderPolicy(blindness=900))
    bench.store.statuses[CARD] = Good()
    body = request_for(CARD)
    first = await bench.post(body)
    bench.store.broken = True
    bench.store.age = 880
    bench.clock.advance(880)
    assert (await bench.post(body)).body == first.body
    bench.clock.advance(10)
    assert refusal(await bench.post(body)) is OcspError.TRY_LATER


async def test_cut_off_but_readable_is_read_each_time(bench: Bench) -> None:
    body = request_for(CARD)
    await bench.post(body)
    bench.store.listeners.clear()
    bench.store.change(CARD, OnHold(since=bench.clock.at))
    bench.store.age = 3
    assert one(await bench.post(body)) == OnHold(since=bench.clock.at)


async def test_an_expired_responder_certificate_means_try_later(bench: Bench) -> None:
    bench.clock.advance(31 * 86400)
    assert refusal(await bench.post(request_for(CARD))) is OcspError.TRY_LATER


async def test_no_answer_outlives_the_responder_certificate(bench: Bench) -> None:
    bench.clock.at = bench.credential.not_after - timedelta(seconds=90)
    (single,) = response(await bench.post(request_for(CARD))).singles
    assert single.next_update == bench.credential.not_after


async def test_time_never_goes_back(bench: Bench) -> None:
    bench.store.statuses[OTHER] = Good()
    first = response(await bench.post(request_for(CARD))).produced_at
    bench.clock.set_by(-30)
    assert response(await bench.post(request_for(OTHER))).produced_at == first
    bench.clock.set_by(-86400)
    assert refusal(await bench.post(request_for(OTHER, hash_name="sha1"))) is OcspError.TRY_LATER


@pytest.mark.parametrize(
    "setting",
    [
        {"max_age": 61},
        {"validity": timedelta(seconds=30)},
        {"blindness": 1000.0},
        {"cache_entries": 0},
        {"brief": timedelta(0)},
    ],
)
def test_unsafe_settings_are_refused_by_name(setting: dict[str, object]) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        ResponderPolicy(**setting)  # type: ignore[arg-type] # each case has its own type
    assert refused.value.key == f"ocsp.{next(iter(setting))}"


async def test_a_leaving_client_leaves_nothing_behind(bench: Bench) -> None:
    bench.store.gate = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(bench.post(request_for(CARD)))
        await bench.store.held.wait()
        asked.cancel()
    bench.store.gate = None
    assert await bench.status(CARD) == Good()


async def test_a_request_of_unusual_length_is_answered_and_not_kept(
    bench: Bench,
) -> None:
    """Whoever asks at length, and each time otherwise, must not fill the memory."""
    long, short = request_for(*[CARD] * 20), request_for(CARD)
    assert len(short) <= LONGEST_KEPT < len(long)
    for asked, kept in ((long, 0), (short, 1)):
        singles = response(await bench.post(asked)).singles
        assert {type(single.status) for single in singles} == {Good}
        assert bench.responder.cached == kept
