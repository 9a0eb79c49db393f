"""What was signed early says what is so, and is nothing that a change has overtaken."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from fakes.status import ISSUER
from ocsp.policy import ResponderPolicy
from ocsp.signing.presigning import Presigning
from pki.domain.errors import SignatureBroken, StoreUnavailable
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.status import CertificateStatus, Good, OnHold
from status_side.bench import Bench, one, request_for, response
from status_side.small_pki import SERIALS

CARD, OTHER, THIRD, *_ = SERIALS
BOTH = ResponderPolicy(presign=("sha1", "sha256"))


@dataclass
class FakeWorkingSet:
    """The good ones of a bench's store; ``then`` happens after they were read."""

    bench: Bench
    page: int = 1000
    broken: bool = False
    then: list[tuple[SerialNumber, CertificateStatus]] = field(default_factory=list)

    async def good(self, issuer: IssuerId, after: bytes, limit: int) -> Sequence[bytes]:
        assert issuer == ISSUER
        if self.broken:
            raise StoreUnavailable(message="down")
        found = sorted(
            serial.to_bytes()
            for serial, status in self.bench.store.statuses.items()
            if isinstance(status, Good) and serial.to_bytes() > after
        )
        while self.then:
            self.bench.store.change(*self.then.pop())
        return found[:limit]


def presigning(bench: Bench) -> tuple[Presigning, FakeWorkingSet]:
    working_set = FakeWorkingSet(bench)
    bench.responder.beat()
    return bench.responder.presigning(working_set), working_set


@pytest.fixture(params=["at once", "to be waited for"])
def bench(request: pytest.FixtureRequest) -> Bench:
    quick = request.param == "at once"
    made = Bench(BOTH, quick=quick, key_kind="ec" if quick else "rsa")
    made.store.statuses |= {CARD: Good(), OTHER: Good()}
    return made


@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
async def test_they_are_given_without_a_look_or_a_signature(bench: Bench, hash_name: str) -> None:
    at_work, _ = presigning(bench)
    assert await at_work.once()
    assert bench.responder.signed_early == at_work.signed == 4
    bench.clock.advance(60)
    reads, signed = bench.store.reads, bench.signer.signed
    body = request_for(CARD, hash_name=hash_name)
    path = b"/ocsp/" + base64.b64encode(body)
    answers = [await bench.post(body), await bench.get(path)]
    assert bench.hot(body) is not None
    assert (bench.store.reads, bench.signer.signed) == (reads, signed)
    for each in answers:
        (single,) = response(each).singles
        assert single.status == Good()
        assert single.cert_id.serial == CARD.value
        assert single.this_update == (bench.clock.at - timedelta(seconds=60))
        assert each.header("etag") is not None
    assert answers[0].body == answers[1].body


async def test_they_are_what_the_long_way_makes(bench: Bench) -> None:
    at_work, _ = presigning(bench)
    plain = await bench.post(request_for(CARD))
    await at_work.once()
    bench.responder._cache.clear()
    early = await bench.post(request_for(CARD))
    assert response(early).tbs == response(plain).tbs
    for name in ("content-type", "last-modified", "expires", "cache-control"):
        assert early.header(name) == plain.header(name)


@pytest.mark.parametrize("given_before", [False, True])
async def test_a_change_ends_them(bench: Bench, given_before: bool) -> None:
    at_work, _ = presigning(bench)
    await at_work.once()
    if given_before:
        assert await bench.status(CARD) == Good()
    bench.store.change(CARD, OnHold(since=bench.clock.at))
    assert bench.responder.signed_early == 2
    assert await bench.status(CARD) == OnHold(since=bench.clock.at)
    assert await bench.status(OTHER) == Good()


async def test_a_change_while_they_are_signed_ends_them(bench: Bench) -> None:
    at_work, working_set = presigning(bench)
    working_set.then = [(CARD, OnHold(since=bench.clock.at))]
    await at_work.once()
    assert bench.responder.signed_early == 2
    assert await bench.status(CARD) == OnHold(since=bench.clock.at)


async def test_a_clock_that_is_set_ends_them(bench: Bench) -> None:
    at_work, _ = presigning(bench)
    await at_work.once()
    bench.clock.set_by(3600)
    bench.responder.beat()
    assert bench.responder.signed_early == 0


async def test_they_are_asked_for_anew_when_half_their_life_is_over(bench: Bench) -> None:
    at_work, _ = presigning(bench)
    await at_work.once()
    bench.clock.advance(bench.policy.validity.total_seconds() / 2)
    reads = bench.store.reads
    assert await bench.status(CARD) == Good()
    assert bench.store.reads == reads + 1
    assert at_work.every < bench.policy.validity.total_seconds() / 2


async def test_the_next_round_signs_anew_and_lets_go_of_the_rest(bench: Bench) -> None:
    at_work, _ = presigning(bench)
    await at_work.once()
    bench.clock.advance(at_work.every)
    del bench.store.statuses[OTHER]
    bench.store.statuses[THIRD] = Good()
    bench.responder.beat()
    await at_work.once()
    assert bench.responder.signed_early == 4
    for serial, status in ((CARD, Good()), (OTHER, None), (THIRD, Good())):
        (single,) = response(await bench.post(request_for(serial))).singles
        assert (single.status, single.this_update) == (status, bench.clock.at)


async def test_without_the_store_they_go_on_for_as_long_as_kept_ones_do(bench: Bench) -> None:
    at_work, working_set = presigning(bench)
    await at_work.once()
    bench.store.broken = working_set.broken = True
    bench.store.age = bench.policy.blindness - 1
    assert await bench.status(CARD) == Good()
    bench.store.age = bench.policy.blindness + 1
    answer = await bench.post(request_for(OTHER))
    assert len(answer.body) == 5


async def test_they_are_bounded() -> None:
    bench = Bench(ResponderPolicy(presign=("sha1", "sha256"), cache_entries=4), quick=True)
    bench.store.statuses |= dict.fromkeys(SERIALS, Good())
    at_work, _ = presigning(bench)
    await at_work.once()
    assert bench.responder.signed_early == 4


async def test_without_the_setting_there_are_none() -> None:
    bench = Bench(quick=True)
    bench.store.statuses[CARD] = Good()
    await presigning(bench)[0].run()
    assert bench.responder.signed_early == 0


async def test_a_wrong_signature_is_never_given(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(BOTH, quick=True)
    bench.store.statuses[CARD] = Good()
    at_work, _ = presigning(bench)
    right = bench.signer._sign
    monkeypatch.setattr(bench.signer, "_sign", lambda message: right(message + b"x"))
    await at_work.once()
    monkeypatch.undo()
    assert bench.responder.signed_early == 2
    reads = bench.store.reads
    assert bench.hot(request_for(CARD)) is None
    assert one(await bench.post(request_for(CARD))) == Good()
    assert bench.store.reads == reads + 1


async def test_what_would_say_something_else_is_never_given(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, _ = presigning(bench)
    await at_work.once()
    monkeypatch.setattr("ocsp.signing.whole.says_what_was_composed", lambda *_: False)
    assert bench.hot(request_for(CARD)) is None


async def test_a_store_that_fails_is_said_and_tried_again(bench: Bench) -> None:
    at_work, working_set = presigning(bench)
    working_set.broken = True
    with pytest.raises(StoreUnavailable):
        await at_work.once()
    working_set.broken = False
    assert await at_work.once()


async def test_without_a_key_it_says_that_it_is_not_whole(bench: Bench) -> None:
    at_work, _ = presigning(bench)
    bench.holder._current = None
    assert not await at_work.once()


async def test_a_key_that_breaks_ends_the_round() -> None:
    bench = Bench(BOTH, quick=True)
    bench.store.statuses[CARD] = Good()
    at_work, _ = presigning(bench)
    bench.signer.fail = SignatureBroken(message="x")
    with pytest.raises(SignatureBroken):
        await at_work.once()
    assert bench.responder.signed_early == 0
