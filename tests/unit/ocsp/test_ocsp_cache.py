"""The cache is exact: no answer says what the journal has overtaken."""

import asyncio
import math
from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.status import ISSUER, START
from ocsp.cache import AnswerCache, Entry, Subject
from ocsp.http_form import unready
from ocsp.statistics import Kind
from pki.domain.identifiers import SerialNumber
from pki.domain.status import CertificateStatus, Good, OnHold
from pki.ports import Gate, ReadyAnswer
from status_side.bench import Bench, one, request_for, response
from status_side.small_pki import SERIALS

CARD, OTHER, *_ = SERIALS


async def test_identical_octets_meet_the_dictionary() -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    body = request_for(CARD)
    assert bench.hot(body) is None
    answer = await bench.post(body)
    ready = bench.hot(body)
    assert ready == answer.head() + answer.body
    assert unready(ready) == answer
    assert (bench.store.reads, bench.signer.signed) == (1, 1)
    assert bench.given("hit") == 1


async def test_other_octets_for_the_same_certificate_are_answered_apart_and_dropped_together() -> (
    None
):
    bench = Bench()
    bench.store.statuses[CARD] = bench.store.statuses[OTHER] = Good()
    bodies = [
        request_for(CARD),
        request_for(CARD, hash_name="sha1"),
        request_for(OTHER, CARD),
        request_for(OTHER),
    ]
    for body in bodies:
        await bench.post(body)
    bench.store.change(CARD, OnHold(since=bench.clock.at))
    assert [bench.hot(body) is None for body in bodies] == [True, True, True, False]
    assert bench.responder.statistics.dropped == 3


async def test_an_entry_that_touches_no_certificate_drops_nothing() -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    await bench.post(request_for(CARD))
    bench.store.change(OTHER, Good())
    assert bench.hot(request_for(CARD)) is not None


async def test_at_half_its_life_an_answer_is_made_anew() -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    body = request_for(CARD)
    first = response(await bench.post(body))
    bench.clock.advance(7 * 60 + 29)
    assert bench.hot(body) is not None
    bench.clock.advance(2)
    assert bench.hot(body) is None
    assert response(await bench.post(body)).produced_at > first.produced_at
    assert bench.hot(body) is not None


@pytest.mark.parametrize("seconds", [-3600, -30, 30, 3600])
async def test_a_clock_that_was_set_voids_what_was_kept(seconds: float) -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    body = request_for(CARD)
    await bench.post(body)
    bench.clock.set_by(0.9)
    assert bench.hot(body) is not None
    bench.clock.set_by(seconds)
    assert bench.hot(body) is None
    assert bench.responder.cached == 0


async def test_what_is_forgotten_is_asked_anew_and_what_is_being_made_is_not_kept() -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    body = request_for(CARD)
    await bench.post(body)
    assert bench.hot(body) is not None
    bench.responder.forget()
    assert bench.hot(body) is None
    bench.store.gate = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(bench.post(body))
        await bench.store.held.wait()
        bench.responder.forget()
        bench.store.statuses[CARD] = OnHold(since=START)
        bench.store.gate.set()
    assert one(asked.result()) == OnHold(since=START)


async def test_nothing_is_ready_before_the_first_beat_or_long_after_the_last() -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    body = request_for(CARD)
    await bench.responder.answer(body)
    assert bench.responder.lookup(body) is None
    bench.responder.beat()
    assert bench.responder.lookup(body) is not None
    bench.clock.advance(bench.policy.cut_off)
    assert bench.responder.lookup(body) is None


async def test_an_answer_that_a_change_overtakes_is_made_anew_and_not_kept_old() -> None:
    """The stored race: read good, block committed and applied, then the old answer is ready."""
    bench = Bench()
    bench.store.statuses[CARD] = Good()
    body = request_for(CARD)
    bench.store.gate = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(bench.post(body))
        await bench.store.held.wait()
        bench.store.change(CARD, OnHold(since=bench.clock.at))
        bench.store.gate.set()
    assert one(asked.result()) == OnHold(since=bench.clock.at)
    ready = bench.hot(body)
    assert ready is not None
    assert one(unready(ready)) == OnHold(since=bench.clock.at)
    assert bench.responder.statistics.again == 1


async def test_when_changes_never_stop_the_client_is_told_to_come_back() -> None:
    bench = Bench()
    bench.store.statuses[CARD] = Good()

    class Restless:
        async def status(self, *asked: object) -> CertificateStatus | None:
            bench.store.change(CARD, Good())
            return Good()

        def contact_age(self) -> float:
            return 0.0

    bench.responder._finder._source = Restless()
    answer = await bench.post(request_for(CARD))
    assert answer.body == bytes.fromhex("30030a0103")


KIND: Final = Kind("good", "sha256", "POST")


def entry(*serials: SerialNumber, used: bool = False) -> Entry:
    ready = ReadyAnswer(b"ready", until=math.inf, gate=Gate(), given=[0])
    ready.used = used
    subjects = tuple((ISSUER, serial) for serial in serials)
    return Entry(ready=ready, subjects=subjects, dead_at=START, kind=KIND)


def keep(cache: AnswerCache, asked: bytes, made: Entry) -> None:
    with cache.reading(made.subjects) as reading:
        cache.keep(asked, made, reading)


def test_the_cache_is_bounded_and_spares_what_was_used() -> None:
    cache = AnswerCache(2)
    keep(cache, b"a", entry(CARD, used=True))
    keep(cache, b"b", entry(CARD))
    keep(cache, b"c", entry(OTHER))
    assert [cache.get(asked) is not None for asked in (b"a", b"b", b"c")] == [True, False, True]
    keep(cache, b"d", entry(OTHER))
    assert cache.get(b"d") is not None
    assert len(cache) == 2


def test_an_answer_that_was_overtaken_is_never_kept() -> None:
    cache = AnswerCache(2)
    made = entry(CARD, OTHER)
    with cache.reading(made.subjects) as first, cache.reading(made.subjects[:1]) as second:
        cache.touch((ISSUER, OTHER))
        cache.keep(b"first", made, first)
        cache.keep(b"second", made, second)
    assert cache.get(b"first") is None
    assert cache.get(b"second") is made


def test_what_is_dropped_is_withdrawn_from_whoever_remembers_it() -> None:
    cache = AnswerCache(1)
    touched, crowded_out, kept, cleared = (entry(serial) for serial in (CARD, OTHER, CARD, OTHER))
    keep(cache, b"a", touched)
    cache.touch((ISSUER, CARD))
    for asked, made in ((b"b", crowded_out), (b"c", kept)):
        keep(cache, asked, made)
    given = [each.ready.octets for each in (touched, crowded_out, kept)]
    assert given == [b"", b"", b"ready"]
    assert touched.ready.until == crowded_out.ready.until == -math.inf
    with cache.reading(cleared.subjects) as reading:
        cache.clear()
        cache.keep(b"d", cleared, reading)
    assert (len(cache), kept.ready.until) == (0, -math.inf)


SUBJECTS: Final[Sequence[Subject]] = [(ISSUER, serial) for serial in SERIALS[:3]]


@given(
    st.lists(
        st.tuples(st.sampled_from("ktg"), st.integers(0, 5), st.sets(st.integers(0, 2), min_size=1))
    )
)
def test_the_index_always_mirrors_the_answers(steps: list[tuple[str, int, set[int]]]) -> None:
    cache = AnswerCache(3)
    for step, number, chosen in steps:
        serials = [SERIALS[each] for each in sorted(chosen)]
        if step == "k":
            keep(cache, bytes([number]), entry(*serials))
        elif step == "t":
            cache.touch(SUBJECTS[min(chosen)])
            assert not any(SUBJECTS[min(chosen)] in e.subjects for e in cache._entries.values())
        elif (found := cache.get(bytes([number]))) is not None:
            found.ready.used = True
        index = {s: {a for a, e in cache._entries.items() if s in e.subjects} for s in SUBJECTS}
        assert cache._asked == {subject: asked for subject, asked in index.items() if asked}
        assert len(cache) <= 3
        assert not cache._readings
