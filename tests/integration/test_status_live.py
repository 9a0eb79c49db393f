"""Answers that have their turn, over real sockets: order, endings, and who leaves before it."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from fakes.listener import FakeHandler, exchange, listening

LIVE = b"POST /live HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n"
CLOSE = b"GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
HOT = b"GET /hot HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
async def served() -> AsyncIterator[tuple[FakeHandler, int]]:
    handler = FakeHandler()
    async with listening(handler) as (_, port):
        yield handler, port


async def turns(handler: FakeHandler, *given: bytes | None) -> None:
    for each in given:
        async with asyncio.timeout(60):
            await handler.taken.wait()
        handler.turn(each)


def bodies(received: bytes) -> list[bytes]:
    return re.findall(rb"\r\n\r\n(hot|live|GET \S+|POST \S+ .)", received)


@pytest.mark.parametrize("known", [False, True])
async def test_what_is_pipelined_waits_behind_it(
    served: tuple[FakeHandler, int], *, known: bool
) -> None:
    handler, port = served
    parts = [LIVE + b"a", LIVE + b"b" + HOT + CLOSE] if known else [LIVE + b"b" + HOT + CLOSE]
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(exchange(port, *parts, pause=0.2))
        await turns(handler, handler.live, *[handler.live][: len(parts) - 1])
    assert bodies(asked.result()) == [b"live"] * len(parts) + [b"hot", b"GET /end"]


async def test_a_known_request_gets_its_answer_and_the_next_one_too(
    served: tuple[FakeHandler, int],
) -> None:
    handler, port = served
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(exchange(port, LIVE + b"a", LIVE + b"b", HOT, CLOSE, pause=0.2))
        await turns(handler, handler.live, handler.live)
    assert bodies(asked.result()) == [b"live", b"live", b"hot", b"GET /end"]


async def test_without_an_answer_it_is_answered_in_full(served: tuple[FakeHandler, int]) -> None:
    handler, port = served
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(exchange(port, LIVE + b"a" + LIVE + b"b", CLOSE, pause=0.2))
        await turns(handler, None, None)
    assert bodies(asked.result()) == [b"POST /live a", b"POST /live b", b"GET /end"]


async def test_what_comes_half_while_it_waits_is_read_on(served: tuple[FakeHandler, int]) -> None:
    handler, port = served
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(LIVE + b"a" + HOT[:9])
    await turns(handler, handler.live)
    writer.write(HOT[9:] + CLOSE)
    async with asyncio.timeout(60):
        received = await reader.read()
    writer.close()
    assert bodies(received) == [b"live", b"hot", b"GET /end"]


async def test_the_last_request_of_a_connection_ends_it(served: tuple[FakeHandler, int]) -> None:
    handler, port = served
    last = LIVE.replace(b"Host", b"Connection: close\r\nHost") + b"a"
    for _ in range(2):
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(exchange(port, last, seconds=60))
            await turns(handler, handler.live)
        assert bodies(asked.result()) == [b"live"]
        assert asked.result().count(b"Connection: close") == 1


async def test_who_leaves_before_its_turn_harms_nobody(served: tuple[FakeHandler, int]) -> None:
    handler, port = served
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(LIVE + b"a")
    async with asyncio.timeout(60):
        await handler.taken.wait()
    writer.transport.abort()
    await asyncio.sleep(0.2)
    handler.turn(handler.live)
    assert bodies(await exchange(port, HOT, CLOSE, pause=0.1)) == [b"hot", b"GET /end"]


async def test_who_says_all_at_once_and_half_closes_is_answered(
    served: tuple[FakeHandler, int],
) -> None:
    handler, port = served
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(LIVE + b"a")
    writer.write_eof()
    await turns(handler, handler.live)
    async with asyncio.timeout(60):
        assert bodies(await reader.read()) == [b"live"]
    writer.close()
