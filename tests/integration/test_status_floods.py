"""Floods: what one client may take of connections, places in a queue and memory, and no more."""

import asyncio
import logging
import re
import socket
from collections.abc import Callable, Coroutine
from ipaddress import ip_network

import pytest

from fakes.listener import FakeHandler, exchange, listening, ready_answer
from server.status_http.reading import Limits

CLOSE = b"Connection: close\r\n"


def get(path: str, *, extra: bytes = b"") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n".encode() + extra + b"\r\n"


def statuses(received: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    limits = Limits(idle_seconds=0.6)
    handler = FakeHandler(big=b"x" * 8_000_000)
    async with listening(handler, limits) as (listener, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/big") * 50)
        async with asyncio.timeout(60):
            await handler.reached.wait()
            while listener.statistics.open:  # noqa: ASYNC110 -- what is waited for is a deadline
                await asyncio.sleep(0.05)
        writer.close()
    assert len(handler.asked) < 50


async def test_too_many_connections_are_turned_away() -> None:
    async with listening(FakeHandler(), Limits(connections=1)) as (listener, port):
        reader, first = await asyncio.open_connection("127.0.0.1", port)
        first.write(get("/hot"))
        assert await reader.readuntil(b"hot")
        with pytest.raises((ConnectionError, AssertionError)):
            assert await exchange(port, get("/hot"))
        first.close()
    assert listener.statistics.turned_away == 1


async def from_address(address: str, port: int, sent: bytes) -> bytes:
    """What comes back until the end, or until it is turned away; from an address of loopback.

    It is sent before the event loop goes on, so tasks that begin together come in together.
    """
    client = socket.create_connection(("127.0.0.1", port), source_address=(address, 0))
    client.sendall(sent)
    reader, writer = await asyncio.open_connection(sock=client, limit=1 << 20)
    try:
        async with asyncio.timeout(60):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 -- what is waited for is counted elsewhere
            await asyncio.sleep(0.01)


async def test_a_slow_peer_keeps_nobody_else_out(caplog: pytest.LogCaptureFixture) -> None:
    limits = Limits(connections=8, each_peer=5, request_seconds=600, linger_seconds=0.2)
    last = get("/hot", extra=CLOSE)
    with caplog.at_level(logging.WARNING):
        async with (
            listening(FakeHandler(), limits) as (listener, port),
            asyncio.TaskGroup() as all_,
        ):
            slow = [
                all_.create_task(from_address("127.0.0.1", port, b"GET / HTTP/1.1\r\nHo"))
                for _ in range(9)
            ]
            await until(lambda: sum(each.done() for each in slow) == 4)
            assert statuses(await from_address("127.0.0.2", port, last)) == [200]
            assert statuses(await from_address("127.0.0.1", port, last.upper())) == []
            assert statuses(await from_address("127.0.0.1", port, last)) == [200], "at the door"
            await until(lambda: listener.statistics.open == 5)
            assert sum(each.done() for each in slow) == 4
            for each in slow:
                each.cancel()
            await until(lambda: not listener.statistics.open)
            assert statuses(await from_address("127.0.0.1", port, last.lower())) == [400]
    assert [each.result() for each in slow if not each.cancelled()] == [b""] * 4
    assert listener.statistics.turned_away == 5
    (told,) = caplog.records
    assert told.getMessage() == "a connection was turned away: it has all it may have"
    assert vars(told)["peer"] == "127.0.0.1"


async def test_who_says_nothing_makes_room_when_places_are_scarce() -> None:
    limits = Limits(
        connections=10, idle_seconds=600, request_seconds=600, crowded_seconds=0.2, linger_seconds=1
    )
    kept = get("/hot")
    async with listening(FakeHandler(), limits) as (listener, port), asyncio.TaskGroup() as tasks:
        many = [tasks.create_task(from_address("127.0.0.1", port, kept)) for _ in range(8)]
        slow = tasks.create_task(from_address("127.0.0.1", port, kept[:-2]))
        await asyncio.wait([*many, slow])
        assert listener.statistics.turned_away == 0
        few = [tasks.create_task(from_address("127.0.0.1", port, kept)) for _ in range(8)]
        done, _ = await asyncio.wait(few, timeout=1.5)
        assert not done
        for each in few:
            each.cancel()
    assert [statuses(each.result()) for each in many] == [[200]] * 8
    assert statuses(slow.result()) == [408]


async def test_a_proxy_is_not_one_peer() -> None:
    limits = Limits(each_peer=1, proxies=(ip_network("127.0.0.0/30"),))
    async with listening(FakeHandler(), limits) as (listener, port), asyncio.TaskGroup() as tasks:
        asked = [
            tasks.create_task(from_address(f"127.0.0.{number}", port, get("/hot", extra=CLOSE)))
            for number in (1, 1, 1, 2)
        ]
    assert [statuses(each.result()) for each in asked] == [[200]] * 4
    assert listener.statistics.turned_away == 0


async def test_a_pipeline_is_bounded_and_what_was_taken_is_answered() -> None:
    handler = FakeHandler()
    async with listening(handler, Limits(owed=3)) as (_, port), asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(exchange(port, get("/slow") + get("/hot") * 1000))
        await handler.reached.wait()
        handler.release.set()
    answers = statuses(asked.result())
    assert answers == [200] * (len(answers) - 1) + [429]
    assert 3 <= len(answers) <= 6


async def test_ready_answers_that_nobody_reads_are_not_piled_up() -> None:
    handler = FakeHandler()
    handler.ready = ready_answer(handler.gate, b"x" * 50_000)
    async with listening(handler, Limits(owed=3)) as (listener, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/hot") * 4000)
        async with asyncio.timeout(60):
            while not listener._connections or not handler.hot_calls:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        (connection,) = listener._connections
        assert connection._transport.get_write_buffer_size() < 1_000_000
        writer.close()


@pytest.mark.parametrize(
    "behaviour",
    [
        test_a_client_that_does_not_read_is_cut_off,
        test_a_pipeline_is_bounded_and_what_was_taken_is_answered,
        test_ready_answers_that_nobody_reads_are_not_piled_up,
    ],
)
def test_the_same_on_uvloop(behaviour: Callable[[], Coroutine[None, None, None]]) -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(behaviour())
