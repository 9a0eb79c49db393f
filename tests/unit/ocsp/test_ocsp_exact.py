"""No answer, by whatever way it is given, is older than what was last applied."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.status import START
from ocsp.cache import AnswerCache
from ocsp.http_form import unready
from ocsp.policy import ResponderPolicy
from pki.domain.identifiers import SerialNumber
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed
from pki.ports import HttpAnswer
from status_side.bench import Bench, one, request_for, response
from status_side.small_pki import SERIALS


def statuses() -> st.SearchStrategy[CertificateStatus]:
    return st.sampled_from(
        [
            Good(),
            OnHold(since=START),
            Revoked(at=START, reason=None),
            Unconfirmed(since=START),
        ]
    )


STEPS = st.one_of(
    st.tuples(st.just("ask"), st.integers(0, 2), st.sampled_from(["sha1", "sha256"])),
    st.tuples(st.just("nonce"), st.integers(0, 2), st.sampled_from([b"m" * 16, b"n" * 32])),
    st.tuples(st.just("slow"), st.integers(0, 2), st.sampled_from(["sha1", "sha256"])),
    st.tuples(st.just("change"), st.integers(0, 2), statuses()),
    st.tuples(st.just("finish"), st.just(0), st.none()),
    st.tuples(st.just("wait"), st.integers(0, 600), st.none()),
    st.tuples(st.just("set"), st.integers(-50, 2000), st.none()),
)


class Interleaving:
    """Runs the steps and holds every answer against the store at the moment it is given."""

    def __init__(self, tasks: asyncio.TaskGroup, *, quick: bool) -> None:
        self.bench = Bench(ResponderPolicy(cache_entries=4), quick=quick)
        self.tasks = tasks
        self.slow: list[asyncio.Task[None]] = []

    async def step(self, kind: str, number: int, value: object) -> None:
        store, serial = self.bench.store, SERIALS[number % 3]
        match kind, value:
            case "ask", str(hash_name):
                body = request_for(serial, hash_name=hash_name)
                ready = self.bench.hot(body)
                self.check(serial, unready(ready) if ready else await self.post(body))
            case "nonce", bytes(nonce):
                body = request_for(serial, nonce=nonce)
                ready = self.bench.hot(body)
                answer = unready(ready) if ready else await self.post(body)
                assert response(answer).nonce == nonce
                self.check(serial, answer)
            case "slow", str(hash_name):
                store.gate = store.gate or asyncio.Event()
                body = request_for(serial, hash_name=hash_name)
                self.slow.append(self.tasks.create_task(self.ask_slowly(serial, body)))
                await asyncio.sleep(0)
            case "change", Good() | OnHold() | Revoked() | Unconfirmed() as status:
                store.change(serial, status)
            case "wait", None:
                self.bench.clock.advance(number)
            case "set", None:
                self.bench.clock.set_by(number)
            case _:
                await self.finish()

    async def post(self, body: bytes) -> HttpAnswer:
        gate, self.bench.store.gate = self.bench.store.gate, None
        try:
            return await self.bench.post(body)
        finally:
            self.bench.store.gate = gate

    async def finish(self) -> None:
        if self.bench.store.gate is not None:
            self.bench.store.gate.set()
            self.bench.store.gate = None
        for task in self.slow:
            await task
        self.slow.clear()

    async def ask_slowly(self, serial: SerialNumber, body: bytes) -> None:
        self.check(serial, await self.bench.post(body))

    def check(self, serial: SerialNumber, answer: HttpAnswer) -> None:
        match self.bench.store.statuses.get(serial):
            case Unconfirmed(since=since):
                assert one(answer) == OnHold(since=since)
            case status:
                assert one(answer) == status


async def play(steps: Sequence[tuple[str, int, object]], *, quick: bool = False) -> None:
    async with asyncio.TaskGroup() as tasks:
        interleaving = Interleaving(tasks, quick=quick)
        for kind, number, value in steps:
            await interleaving.step(kind, number, value)
        await interleaving.finish()


@settings(max_examples=150)
@given(st.lists(STEPS, max_size=30), st.booleans())
def test_no_answer_is_older_than_what_was_last_applied(
    steps: list[tuple[str, int, object]],
    quick: bool,
) -> None:
    asyncio.run(play(steps, quick=quick))


def test_the_property_would_see_a_cache_that_drops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AnswerCache, "touch", lambda self, subject: 0)
    with pytest.raises(ExceptionGroup):
        asyncio.run(
            play(
                [
                    ("change", 0, Good()),
                    ("ask", 0, "sha1"),
                    ("change", 0, OnHold(since=START)),
                    ("ask", 0, "sha1"),
                ]
            )
        )


def test_the_property_would_see_a_cache_that_keeps_what_was_overtaken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = property(lambda self: False, lambda self, value: None)
    monkeypatch.setattr("ocsp.cache.Reading.touched", never)
    with pytest.raises(ExceptionGroup):
        asyncio.run(
            play(
                [
                    ("change", 0, Good()),
                    ("slow", 0, "sha1"),
                    ("change", 0, OnHold(since=START)),
                    ("finish", 0, None),
                ]
            )
        )
