"""Requests that are known octet for octet: given again, and only where they are whole requests."""

import asyncio
import math
import re

import pytest

from fakes.listener import FakeHandler, exchange, listening, ready_answer
from server.status_http.reading import Limits

CLOSE = b"Connection: close\r\n"


def get(path: str, *, extra: bytes = b"") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n".encode() + extra + b"\r\n"


def statuses(received: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


async def answered(port: int, *requests: bytes) -> list[bytes]:
    """What each request gets on one kept connection, sent one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        received = []
        for request in requests:
            writer.write(request)
            async with asyncio.timeout(60):
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"Content-Length: (\d+)", head)
                assert length is not None
                received.append(await reader.readexactly(int(length[1])))
        return received
    finally:
        writer.close()


async def test_the_same_octets_are_not_asked_for_again_until_the_answer_is_withdrawn() -> None:
    handler = FakeHandler()
    hot, cold = get("/a/hot"), get("/b")
    async with listening(handler) as (_, port):
        assert await answered(port, hot, hot, cold, hot) == [b"hot", b"hot", b"GET /b ", b"hot"]
        assert await answered(port, hot) == [b"hot"]
        assert (handler.hot_calls, handler.ready.given) == (1, [3])
        handler.gate.until = 0
        assert await answered(port, hot) == [b"hot"]
        handler.gate.until = math.inf
        handler.ready, withdrawn = ready_answer(handler.gate, b"new"), handler.ready
        withdrawn.withdraw()
        assert await answered(port, hot, hot) == [b"new", b"new"]
        assert (handler.hot_calls, handler.ready.given) == (3, [1])


@pytest.mark.parametrize(
    "around",
    [
        (get("/a/hot")[:20], get("/a/hot")[20:]),
        (get("/a/hot") + get("/b") + get("/a/hot"),),
        (get("/a/hot") + b"\r\n", get("/a/hot")),
        (b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(get("/a/hot")),),
    ],
    ids=["halves", "pipelined", "empty line", "as a body"],
)
async def test_remembered_octets_count_only_as_a_request_of_their_own(
    around: tuple[bytes, ...],
) -> None:
    """Where they are part of something else, the parser sees them, as if nothing were known."""
    hot = get("/a/hot")
    handler = FakeHandler()
    async with listening(handler) as (listener, port):
        await answered(port, hot, hot)
        assert set(listener.known) == {hot}
        known = await exchange(port, *around, hot, get("/z", extra=CLOSE), pause=0.02)
        listener.known.clear()
        fresh = await exchange(port, *around, get("/z", extra=CLOSE), pause=0.02)
    if around[0].startswith(b"POST"):
        assert statuses(known) == [200, 200]
        assert known.count(hot) == 1
    else:
        assert bodies(known) == [*bodies(fresh)[:-1], b"hot", b"GET /z "]


def bodies(received: bytes) -> list[bytes]:
    return re.findall(rb"\r\n\r\n(hot|GET \S+ )", received)


async def test_memory_of_requests_is_bounded_and_ends_with_the_listener() -> None:
    limits = Limits(known=2, known_octets=60)
    handler = FakeHandler()
    long = get("/a/hot", extra=b"X: " + b"x" * 60 + b"\r\n")
    async with listening(handler, limits) as (listener, port):
        for path in ("/1/hot", "/2/hot", "/3/hot"):
            await answered(port, get(path))
        await answered(port, long)
        assert list(listener.known) == [get("/2/hot"), get("/3/hot")]
    assert not listener.known


async def test_a_remembered_last_request_ends_its_connection() -> None:
    last = get("/a/hot", extra=CLOSE)
    async with listening(FakeHandler()) as (listener, port):
        first = await exchange(port, last)
        assert set(listener.known) == {last}
        assert await exchange(port, last) == first
        assert await exchange(port, get("/b"), last, pause=0.02) != first
    assert CLOSE in first
