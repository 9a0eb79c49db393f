"""Answers made in turns: each for its own client, none before its turn, nothing older than true."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from ocsp.http_form import unready
from ocsp.signing.live import TURN
from pki.domain.status import Good, OnHold
from pki.ports import QueueSigner, ReadyAnswer
from status_side.bench import Bench, one, request_for, response
from status_side.small_pki import SERIALS, PlainSigner

CARD, OTHER, *_ = SERIALS


@dataclass
class Client:
    """Gets one answer, whatever it is."""

    got: list[bytes | None] = field(default_factory=list)

    def give(self, octets: bytes | None) -> None:
        self.got.append(octets)

    @property
    def nonce(self) -> bytes | None:
        (octets,) = self.got
        assert octets is not None
        return response(unready(octets)).nonce


def nonce(number: int) -> bytes:
    return number.to_bytes(32, "big")


@dataclass
class QueuedSigner(PlainSigner):
    """Signs what waits when it is let."""

    full: bool = False
    broken: bool = False
    waiting: list[tuple[bytes, Callable[[bytes | None], None]]] = field(default_factory=list)

    def sign_soon(self, message: bytes, done: Callable[[bytes | None], None]) -> bool:
        if not self.full:
            self.waiting.append((message, done))
        return not self.full

    def let(self) -> None:
        waiting, self.waiting = self.waiting, []
        for message, done in waiting:
            done(None if self.broken else self._sign(message))


async def learnt(bench: Bench) -> None:
    bench.store.statuses[CARD] = bench.store.statuses[OTHER] = Good()
    for each in (CARD, OTHER):
        await bench.post(request_for(each, nonce=bytes(32)))


@pytest.fixture
async def bench() -> Bench:
    made = Bench(quick=True)
    await learnt(made)
    return made


async def test_nobody_is_answered_within_the_call_and_each_gets_its_own(bench: Bench) -> None:
    clients = [Client() for _ in range(5)]
    for number, client in enumerate(clients):
        bench.responder.live.take(request_for(CARD, nonce=nonce(number)), client)
    assert not any(client.got for client in clients)
    await asyncio.sleep(0)
    assert [client.nonce for client in clients] == [nonce(number) for number in range(5)]


async def test_a_turn_is_bounded_and_the_loop_turns_between(bench: Bench) -> None:
    clients = [Client() for _ in range(2 * TURN + 1)]
    for number, client in enumerate(clients):
        bench.responder.live.take(request_for(CARD, nonce=nonce(number)), client)
    done = []
    for _ in range(4):
        await asyncio.sleep(0)
        done.append(sum(bool(client.got) for client in clients))
    assert done == [TURN, 2 * TURN, 2 * TURN + 1, 2 * TURN + 1]
    assert [client.nonce for client in clients] == [nonce(each) for each in range(len(clients))]


async def test_a_change_between_asking_and_its_turn_is_answered(bench: Bench) -> None:
    client = Client()
    bench.responder.live.take(request_for(CARD, nonce=nonce(1)), client)
    bench.store.change(CARD, OnHold(since=bench.clock.at - timedelta(seconds=1)))
    await asyncio.sleep(0)
    assert client.got == [None]
    answer = await bench.post(request_for(CARD, nonce=nonce(1)))
    assert isinstance(one(answer), OnHold)


async def test_what_is_unknown_goes_the_long_way(bench: Bench) -> None:
    client = Client()
    bench.responder.live.take(b"nonsense", client)
    await asyncio.sleep(0)
    assert client.got == [None]


async def test_a_defect_takes_nobody_along(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = bench.responder.live._at_once
    broken = request_for(CARD, nonce=nonce(1))

    def at_once(der: bytes) -> ReadyAnswer | bytes | None:
        if der == broken:
            raise ZeroDivisionError
        return sound(der)

    monkeypatch.setattr(bench.responder.live, "_at_once", at_once)
    clients = [Client(), Client()]
    for number, client in enumerate(clients, 1):
        bench.responder.live.take(request_for(CARD, nonce=nonce(number)), client)
    await asyncio.sleep(0)
    assert clients[0].got == [None]
    assert clients[1].nonce == nonce(2)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


@pytest.fixture
async def queued() -> tuple[Bench, QueuedSigner]:
    made = Bench(key_kind="rsa", kind=QueuedSigner)
    assert isinstance(made.signer, QueuedSigner)
    assert isinstance(made.signer, QueueSigner)
    await learnt(made)
    return made, made.signer


async def asked(bench: Bench) -> Client:
    client = Client()
    bench.responder.live.take(request_for(CARD, nonce=nonce(7)), client)
    await asyncio.sleep(0)
    return client


async def test_a_queued_signature_is_waited_for(queued: tuple[Bench, QueuedSigner]) -> None:
    bench, signer = queued
    client = await asked(bench)
    assert not client.got
    signer.let()
    assert client.nonce == nonce(7)


async def test_a_change_while_the_signature_is_made_is_answered(
    queued: tuple[Bench, QueuedSigner],
) -> None:
    bench, signer = queued
    client = await asked(bench)
    bench.store.change(CARD, OnHold(since=bench.clock.at - timedelta(seconds=1)))
    signer.let()
    assert client.got == [None]


async def test_nothing_is_given_once_the_journal_is_not_followed(
    queued: tuple[Bench, QueuedSigner],
) -> None:
    bench, signer = queued
    client = await asked(bench)
    bench.clock.advance(60)
    signer.let()
    assert client.got == [None]


@pytest.mark.parametrize("fault", ["full", "broken"])
async def test_without_a_signature_it_goes_the_long_way(
    queued: tuple[Bench, QueuedSigner], fault: str
) -> None:
    bench, signer = queued
    setattr(signer, fault, True)
    client = await asked(bench)
    signer.let()
    assert client.got == [None]
