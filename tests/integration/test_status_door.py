"""What is answered at the door is what would be answered inside, and nobody is lost there."""

import asyncio
import errno
import logging
import os
import re
import socket
import struct
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace

import pytest

from fakes.listener import FakeHandler, listening, ready_answer
from pki.ports import SystemClock
from server.status_http import door
from server.status_http.reading import Limits
from server.status_listener import StatusListener, bind
from strangers.http_hostile import REQUESTS

OPTIONAL = re.compile(rb"HTTP/1.1 100 Continue\r\n\r\n|\r\nDate: [^\r\n]+")
"""The time; and a 100, which may be left out when the body is there already (RFC 9110 10.1.1)."""

LAST = b"GET /a/hot HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
OLD = b"GET /a/hot HTTP/1.0\r\n\r\n"
ALIKE = {
    "the last one": LAST,
    "HTTP/1.0": OLD,
    "HTTP/1.0, kept": b"GET /a/hot HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "kept": LAST.replace(b"Connection: close\r\n", b""),
    "and one more octet": LAST + b"G",
    "twice": LAST + LAST,
    "without its end": LAST[:-1],
    "after an empty line": b"\r\n" + LAST,
    "with a body": LAST[:-2] + b"Content-Length: 2\r\n\r\nab",
    "an empty body": LAST[:-2] + b"Content-Length: 0\r\n\r\n",
    "an expected continue": LAST[:-2] + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\nab",
    "chunks": LAST[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an upgrade": LAST[:-2] + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    "HEAD": LAST.replace(b"GET", b"HEAD"),
    "not ready": LAST.replace(b"/hot", b"/cold"),
    "more than is known": LAST[:-2] + b"X: " + b"x" * 2000 + b"\r\n\r\n",
    "more than is read at once": LAST[:-2] + b"X: " + b"x" * 9000 + b"\r\n\r\n",
    "nothing": b"",
}


async def sent(port: int, octets: bytes) -> bytes:
    """What comes back to whoever sends no more than this; a reset after it takes nothing away."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        writer.write(octets)
        writer.write_eof()
        async with asyncio.timeout(60):
            while part := await reader.read(65536):
                received += part
    except ConnectionError:
        pass
    finally:
        writer.close()
    return OPTIONAL.sub(b"", received)


async def test_known_or_not_the_octets_are_the_same() -> None:
    limits = Limits(request_seconds=60, idle_seconds=60)
    forgetful = Limits(request_seconds=60, idle_seconds=60, known_octets=0)
    async with (
        listening(FakeHandler(), limits) as (remembers, known),
        listening(FakeHandler(), forgetful) as (_, unknown),
    ):
        for name, octets in (ALIKE | REQUESTS).items():
            first, again, fresh = [await sent(port, octets) for port in (known, known, unknown)]
            assert first == again == fresh, name
        assert {LAST, OLD} <= set(remembers.known)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 -- what is waited for is counted elsewhere
            await asyncio.sleep(0.01)


async def test_what_is_answered_at_the_door_is_counted_and_never_meets_the_loop() -> None:
    handler = FakeHandler()
    async with listening(handler, Limits(connections=1)) as (listener, port):
        first = await sent(port, LAST)
        await until(lambda: not listener.statistics.open)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(LAST.replace(b"Connection: close\r\n", b""))
        await reader.readuntil(b"hot")
        assert await sent(port, LAST) == first
        assert listener.statistics.turned_away == 0
        writer.close()
    assert listener.statistics.opened == 3
    assert handler.ready.used
    assert (handler.hot_calls, handler.ready.given) == (2, [1])


async def test_a_withdrawn_answer_is_not_given_at_the_door() -> None:
    handler = FakeHandler()
    async with listening(handler) as (_, port):
        assert (await sent(port, LAST)).endswith(b"hot")
        handler.ready, withdrawn = ready_answer(handler.gate, b"new"), handler.ready
        withdrawn.withdraw()
        assert (await sent(port, LAST)).endswith(b"new")
        handler.gate.until = 0
        assert (await sent(port, LAST)).endswith(b"new")
        assert handler.hot_calls == 3


def reluctant(octets: int) -> SimpleNamespace:
    """What the door asks of the system, whose send buffers have room for so many octets only."""

    def write(number: int, data: bytes) -> int:
        if not octets:
            raise BlockingIOError
        return os.write(number, data[:octets])

    return SimpleNamespace(set_blocking=os.set_blocking, read=os.read, write=write, close=os.close)


@pytest.mark.parametrize("room", [0, 1, 200, door.ONE_SEND])
async def test_an_answer_that_finds_no_room_arrives_whole(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = FakeHandler()
    handler.ready = ready_answer(handler.gate, bytes(door.ONE_SEND - 200))
    async with listening(handler) as (_, port):
        first = await sent(port, LAST)
        assert first.endswith(handler.ready.octets)
        monkeypatch.setattr(door, "os", reluctant(room))
        assert await sent(port, LAST) == first
    assert handler.ready.given == [1]


async def test_an_answer_too_large_for_the_door_is_given_inside() -> None:
    handler = FakeHandler()
    handler.ready = ready_answer(handler.gate, bytes(door.ONE_SEND + 1))
    async with listening(handler) as (_, port):
        assert await sent(port, LAST) == await sent(port, LAST)
    assert handler.ready.given == [1]


class Exhausted(socket.socket):
    """A listening socket on which accepting fails for a while."""

    errors: list[int]

    def _accept(self) -> tuple[int, tuple[str, int]]:
        if self.errors:
            number = self.errors.pop(0)
            raise OSError(number, os.strerror(number))
        made: tuple[int, tuple[str, int]] = super()._accept()  # type: ignore[misc] # not in typeshed
        return made


def exhausted(*errors: int) -> Exhausted:
    plain = bind("127.0.0.1", 0)
    made = Exhausted(plain.family, plain.type, plain.proto, plain.detach())
    made.errors = list(errors)
    return made


async def test_descriptors_that_are_used_up_are_waited_for_and_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(door, "PAUSE_SECONDS", 0.001)
    full = exhausted(errno.EMFILE, errno.ENFILE, errno.ENOMEM)
    with caplog.at_level(logging.ERROR):
        async with listening(FakeHandler(), socket_=full) as (_, port):
            assert (await sent(port, LAST)).endswith(b"hot")
    (told,) = caplog.records
    assert told.message == f"connections wait, since none can be accepted: {os.strerror(24)}"
    assert "LimitNOFILE" in vars(told)["next_step"]


async def test_a_listener_may_end_while_it_waits_for_descriptors() -> None:
    full = exhausted(*[errno.EMFILE] * 2)
    async with listening(FakeHandler(), socket_=full) as (_, port):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(LAST)
            await until(lambda: len(full.errors) < 2)
    assert full.fileno() == -1


async def test_a_connection_that_is_lost_before_it_is_accepted_stops_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lossy = exhausted(errno.ECONNABORTED, errno.EPROTO)
    async with listening(FakeHandler(), socket_=lossy) as (_, port):
        assert (await sent(port, LAST)).endswith(b"hot")
    assert not caplog.records


def open_now() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_who_resets_takes_no_descriptor_along() -> None:
    async with listening(FakeHandler()) as (listener, port):
        await sent(port, LAST)
        await until(lambda: not listener.statistics.open)
        before = open_now()
        for octets in (LAST, LAST[:9]) * 20:
            client = socket.create_connection(("127.0.0.1", port))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(octets)
            client.close()
        assert (await sent(port, LAST)).endswith(b"hot")
        await until(lambda: not listener.statistics.open)
        await until(lambda: open_now() <= before)


async def test_who_waits_already_when_it_ends_is_answered() -> None:
    listener = StatusListener({b"/": FakeHandler()}, clock=SystemClock())
    listening_socket, stop = bind("127.0.0.1", 0), asyncio.Event()
    listening_socket.listen()
    waiting = [socket.create_connection(listening_socket.getsockname()) for _ in range(100)]
    for each in waiting:
        each.sendall(LAST)
    stop.set()
    await listener.run(listening_socket, stop)
    for each in waiting:
        with each, each.makefile("rb") as answer:
            assert answer.read().endswith(b"hot")


async def test_a_pause_asked_for_by_the_first_octets_holds() -> None:
    handler = FakeHandler()
    slow = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
    async with listening(handler) as (listener, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(slow + LAST.replace(b"/hot", b"/cold"))
        await handler.reached.wait()
        await asyncio.sleep(0.01)
        (connection,) = listener._connections
        assert not connection._transport.is_reading()
        handler.release.set()
        assert (await reader.read()).endswith(b"GET /a/cold ")
        writer.close()


@pytest.mark.parametrize(
    "behaviour",
    [
        test_known_or_not_the_octets_are_the_same,
        test_what_is_answered_at_the_door_is_counted_and_never_meets_the_loop,
        test_who_waits_already_when_it_ends_is_answered,
        test_a_listener_may_end_while_it_waits_for_descriptors,
        test_who_resets_takes_no_descriptor_along,
        test_a_pause_asked_for_by_the_first_octets_holds,
    ],
)
def test_the_same_on_uvloop(behaviour: Callable[[], Coroutine[None, None, None]]) -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(behaviour())
