"""The short way says what the long way says, and nothing older; what is unusual never takes it."""

import asyncio
from datetime import timedelta
from typing import Final

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from ocsp.credential import ResponderCredential
from ocsp.http_form import unready
from ocsp.policy import ResponderPolicy
from ocsp.signing.quick import NONCES, TURN_SECONDS
from ocsp.signing.stencils import Stencils
from ocsp.statistics import Kind, status_name
from pki.der import codec, oids
from pki.der.ocsp import OcspResponse, encode_request, read_response
from pki.domain.errors import SignatureBroken, SignerUnavailable
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from pki.ports import HttpAnswer
from status_side.bench import Bench, cert_id, one, request_for, response
from status_side.small_pki import SERIALS, QuickSigner, new_key

CARD, OTHER, *_ = SERIALS
HOUR: Final = timedelta(hours=1)


def nonce(number: int, size: int = 32) -> bytes:
    return number.to_bytes(2, "big") * (size // 2)


def quick(bench: Bench, body: bytes) -> HttpAnswer | None:
    ready = bench.hot(body)
    return None if ready is None else unready(ready)


async def learnt(bench: Bench, *serials: SerialNumber, size: int = 32) -> None:
    """Let the responder know these, by asking once with a nonce."""
    for serial in serials:
        await bench.post(request_for(serial, nonce=nonce(1, size)))


@pytest.fixture
def bench() -> Bench:
    made = Bench(quick=True)
    made.store.statuses[CARD] = made.store.statuses[OTHER] = Good()
    return made


@pytest.mark.parametrize("size", NONCES)
@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
@pytest.mark.parametrize(
    "status",
    [
        Good(),
        OnHold(since=Bench().clock.at - HOUR),
        Revoked(at=Bench().clock.at - HOUR, reason=RevocationReason.KEY_COMPROMISE),
        Revoked(at=Bench().clock.at - HOUR, reason=None),
        Revoked(
            at=Bench().clock.at - HOUR,
            reason=RevocationReason.KEY_COMPROMISE,
            compromised_since=Bench().clock.at - 9 * HOUR,
        ),
    ],
)
async def test_it_says_the_same_as_the_long_way(
    bench: Bench, status: CertificateStatus, hash_name: str, size: int
) -> None:
    bench.store.statuses[CARD] = status
    long = await bench.post(request_for(CARD, hash_name=hash_name, nonce=nonce(1, size)))
    reads = bench.store.reads
    for number in range(2, 12):
        asked = nonce(number, size)
        answer = quick(bench, request_for(CARD, hash_name=hash_name, nonce=asked))
        assert answer is not None
        said, wanted = response(answer), response(long)
        assert said.nonce == asked
        assert said.singles == wanted.singles
        assert (said.produced_at, said.responder_key_hash, said.certificates) == (
            wanted.produced_at,
            wanted.responder_key_hash,
            wanted.certificates,
        )
        assert answer.header("cache-control") == "no-store"
        assert answer.header("content-length") == str(len(answer.body))
        verified(answer.body)
    assert bench.store.reads == reads
    made = Kind(status_name(status), hash_name, "POST"), "miss"
    assert bench.responder.statistics.answers() == {made: 11}


def verified(der: bytes) -> None:
    """By a library that is not ours."""
    read = ocsp.load_der_ocsp_response(der)
    key = read.certificates[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(read.signature, read.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))


async def test_pieces_of_one_certificate_serve_another_with_the_same_status(bench: Bench) -> None:
    await learnt(bench, CARD, OTHER)
    for serial in (CARD, OTHER):
        answer = quick(bench, request_for(serial, nonce=nonce(7)))
        assert answer is not None
        (single,) = response(answer).singles
        assert (single.cert_id, single.status) == (cert_id(serial), Good())


@pytest.mark.parametrize(
    "body",
    [
        request_for(CARD),
        request_for(CARD, nonce=b"n" * 8),
        request_for(CARD, nonce=b"n" * 33),
        request_for(CARD, OTHER, nonce=nonce(3)),
        request_for(SerialNumber(99), nonce=nonce(3)),
        encode_request([cert_id(0)], nonce(3)),
        b"",
        b"\x30",
    ],
)
async def test_what_is_unusual_takes_the_long_way(bench: Bench, body: bytes) -> None:
    await learnt(bench, CARD, OTHER)
    for _ in range(2):
        await bench.post(body)
    assert bench.responder.at_once(body) is None


async def test_unconfirmed_takes_the_long_way(bench: Bench) -> None:
    bench.store.statuses[CARD] = Unconfirmed(since=bench.clock.at)
    await learnt(bench, CARD)
    assert bench.responder.at_once(request_for(CARD, nonce=nonce(2))) is None


def extended(body: bytes, *extensions: bytes) -> bytes:
    """The request with its nonce, and more extensions after it."""
    tbs = codec.outermost(body, "request", 9999).element()
    asked = codec.Reader(tbs, "tbs").enter().element()
    mine = codec.octet_string(codec.octet_string(nonce(1)))
    of_nonce = codec.sequence(codec.oid(oids.OCSP_NONCE), mine)
    more = codec.explicit(2, codec.sequence(of_nonce, *extensions))
    return codec.sequence(codec.sequence(asked, more))


async def test_octets_of_a_nonce_at_the_end_of_something_else_are_not_taken_for_one(
    bench: Bench,
) -> None:
    other = codec.sequence(codec.oid("1.2.3.4"), codec.octet_string(nonce(1)))
    body = extended(request_for(CARD), other)
    assert body.endswith(nonce(1))
    for _ in range(2):
        assert response(await bench.post(body)).nonce == nonce(1)
    changed = body[:-32] + nonce(2)
    assert bench.responder.at_once(changed) is None
    assert response(await bench.post(changed)).nonce == nonce(1)


async def test_a_change_is_said_at_once(bench: Bench) -> None:
    await learnt(bench, CARD, OTHER)
    bench.store.change(CARD, OnHold(since=bench.clock.at))
    body = request_for(CARD, nonce=nonce(2))
    assert quick(bench, body) is None
    assert one(await bench.post(body)) == OnHold(since=bench.clock.at)
    answer = quick(bench, request_for(CARD, nonce=nonce(3)))
    assert answer is not None
    assert one(answer) == OnHold(since=bench.clock.at)


async def test_without_contact_the_store_is_asked(bench: Bench) -> None:
    await learnt(bench, CARD)
    bench.store.age = bench.policy.cut_off + 0.1
    assert quick(bench, request_for(CARD, nonce=nonce(2))) is None


async def test_answers_are_of_the_present_second(bench: Bench) -> None:
    await learnt(bench, CARD)
    reads = bench.store.reads
    for _ in range(3):
        bench.clock.advance(1 + TURN_SECONDS)
        answer = quick(bench, request_for(CARD, nonce=nonce(2)))
        assert answer is not None
        assert response(answer).produced_at == bench.clock.at.replace(microsecond=0)
        assert response(answer).singles[0].this_update == bench.clock.at.replace(microsecond=0)
        verified(answer.body)
    assert bench.store.reads == reads


async def test_what_would_say_something_else_is_not_signed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await learnt(bench, CARD)
    signed = bench.signer.signed
    monkeypatch.setattr("ocsp.signing.whole.says_what_was_composed", lambda *_: False)
    assert quick(bench, request_for(CARD, nonce=nonce(2))) is None
    assert bench.signer.signed == signed


async def test_a_new_credential_signs_what_comes_after_it(bench: Bench) -> None:
    await learnt(bench, CARD)
    signer = QuickSigner(new_key("next"))
    certificate = bench.ca.responder(signer.key, start=bench.clock.at - HOUR)
    bench.holder._current = ResponderCredential.of(signer, certificate)
    bench.clock.advance(TURN_SECONDS)
    for number in range(2, 5):
        body = request_for(CARD, nonce=nonce(number))
        answer = quick(bench, body) or await bench.post(body)
        assert response(answer).certificates == (certificate,)
    assert signer.signed == 3


async def test_an_expired_credential_signs_nothing(bench: Bench) -> None:
    await learnt(bench, CARD)
    bench.clock.advance(31 * 86400)
    assert quick(bench, request_for(CARD, nonce=nonce(2))) is None


@pytest.mark.parametrize("error", [SignatureBroken(message="x"), SignerUnavailable(message="x")])
async def test_a_key_that_fails_gives_nothing(bench: Bench, error: Exception) -> None:
    await learnt(bench, CARD)
    bench.signer.fail = error
    assert quick(bench, request_for(CARD, nonce=nonce(2))) is None
    assert bench.given("miss") == 1


@pytest.mark.parametrize("changed", [False, True])
async def test_a_key_to_be_waited_for_gives_nothing_that_was_overtaken(changed: bool) -> None:
    bench = Bench(key_kind="rsa")
    bench.store.statuses[CARD] = Good()
    await learnt(bench, CARD)
    reads, bench.signer.gate = bench.store.reads, asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(bench.post(request_for(CARD, nonce=nonce(2))))
        await asyncio.sleep(0)
        if changed:
            bench.store.change(CARD, OnHold(since=bench.clock.at))
        bench.signer.gate.set()
    wanted = OnHold(since=bench.clock.at) if changed else Good()
    assert one(asked.result()) == wanted
    assert (bench.store.reads > reads) is changed


async def test_what_is_remembered_is_bounded() -> None:
    bench = Bench(ResponderPolicy(cache_entries=2), quick=True)
    for serial in SERIALS[:4]:
        bench.store.statuses[serial] = Good()
    await learnt(bench, *SERIALS[:4])
    assert len(bench.responder._quick._known) == len(bench.responder._cache._statuses) == 2
    answered = [quick(bench, request_for(each, nonce=nonce(9))) for each in SERIALS[:4]]
    assert [each is not None for each in answered] == [False, False, True, True]


@given(st.lists(st.integers(0, 600) | st.binary(min_size=32, max_size=32), max_size=3))
@settings(max_examples=100)
def test_whatever_the_nonce_an_answer_reads_as_it_was_asked(chosen: list[int | bytes]) -> None:
    """Also one that is a piece of the answer itself, where it could be cut at the wrong place."""
    bench = Bench(quick=True)
    bench.store.statuses[CARD] = Good()
    whole = asyncio.run(bench.post(request_for(CARD, nonce=nonce(1)))).body
    for each in chosen:
        asked = each if isinstance(each, bytes) else whole[each : each + 32]
        body = request_for(CARD, nonce=asked)
        answer = quick(bench, body) or asyncio.run(bench.post(body))
        assert (response(answer).nonce, one(answer)) == (asked, Good())
        verified(answer.body)


async def test_an_answer_whose_length_is_new_is_read_back_before_it_leaves(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await learnt(bench, CARD)
    wrong = read_response((await bench.post(request_for(OTHER, nonce=nonce(1)))).body)
    assert isinstance(wrong, OcspResponse)
    stencils = Stencils(bench.credential, bench.policy)
    data = response(await bench.post(request_for(CARD, nonce=nonce(2)))).tbs
    signature = bench.signer.sign_now(data) if isinstance(bench.signer, QuickSigner) else b""
    monkeypatch.setattr("ocsp.signing.whole.read_response", lambda der: wrong)
    with pytest.raises(SignatureBroken):
        stencils.answer(data, signature)
    monkeypatch.undo()
    first = stencils.answer(data, signature)
    assert stencils.answer(data, signature) == first
