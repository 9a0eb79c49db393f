"""The listener over real sockets: order, bounds, deadlines, and what bad input gets."""

import asyncio
import re
from collections.abc import Callable, Coroutine

import pytest

from fakes.listener import FakeHandler, exchange, listening
from server.status_http.reading import Limits
from server.status_listener import bind

CLOSE = b"Connection: close\r\n"


def get(path: str, *, version: str = "1.1", extra: bytes = b"", method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/{version}\r\nHost: x\r\n".encode() + extra + b"\r\n"


def statuses(received: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


async def test_pipelined_requests_are_answered_in_order_hot_and_cold() -> None:
    handler = FakeHandler()
    async with listening(handler) as (_, port), asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(
            exchange(
                port,
                get("/a/hot") + get("/a/slow") + get("/b/hot") + get("/c") + get("/d", extra=CLOSE),
            )
        )
        await handler.reached.wait()
        handler.release.set()
        received = await asked
    bodies = re.findall(rb"\r\n\r\n(hot|GET \S+ )", received)
    assert bodies == [b"hot", b"GET /a/slow ", b"hot", b"GET /c ", b"GET /d "]
    assert received.count(b"\r\nDate: ") == 5
    assert received.count(CLOSE) == 1


async def test_requests_that_arrive_octet_by_octet() -> None:
    message = b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"
    async with listening(FakeHandler()) as (_, port):
        received = await exchange(port, *(bytes([octet]) for octet in message), pause=0.001)
    assert statuses(received) == [200]
    assert received.endswith(b"POST /p body")


async def test_chunked_body_is_read() -> None:
    head = b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    async with listening(FakeHandler()) as (_, port):
        received = await exchange(port, head + b"2\r\nab\r\n2\r\ncd\r\n0\r\nHost: y\r\n\r\n")
    assert received.endswith(b"POST /p abcd")


async def test_head_has_the_length_and_no_body() -> None:
    async with listening(FakeHandler()) as (_, port):
        received = await exchange(port, get("/h", method="HEAD", extra=CLOSE))
    assert statuses(received) == [200]
    assert b"Content-Length: 8\r\n" in received
    assert received.endswith(b"\r\n\r\n")


async def test_http_1_0_closes_unless_asked_otherwise() -> None:
    async with listening(FakeHandler()) as (_, port):
        closed = await exchange(port, b"GET /o HTTP/1.0\r\n\r\n")
        kept = await exchange(
            port, b"GET /o HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /p HTTP/1.0\r\n\r\n"
        )
    assert statuses(closed) == [200]
    assert statuses(kept) == [200, 200]
    assert b"Connection: keep-alive\r\n" in kept


@pytest.mark.parametrize("length", [0, 4])
async def test_an_upgrade_is_declined_and_the_request_answered(length: int) -> None:
    """java.net.http.HttpClient offers h2c on every first request."""
    head = (
        b"POST /u HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
    )
    head += b"Content-Length: %d\r\n\r\n" % length
    async with listening(FakeHandler()) as (_, port):
        received = await exchange(
            port, head, b"bo"[: length // 2], b"dy"[: length // 2], get("/v", extra=CLOSE)
        )
    assert statuses(received) == [200, 200]
    assert b"POST /u " + b"body"[:length] in received


async def test_an_expected_continue_is_given() -> None:
    head = b"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
    async with listening(FakeHandler()) as (_, port), asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head + CLOSE + b"\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ok")
        received = await reader.read()
        writer.close()
    assert statuses(received) == [200]


LONG = b"x" * 20_000
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
REFUSED = {
    "two lengths": (
        b"POST /p HTTP/1.1\r\nHost: x\r\n" + b"Content-Length: 1\r\n" * 2 + b"\r\na",
        400,
    ),
    "length and coding": (
        b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
    ),
    "no host": (b"GET /p HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET /p HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "HTTP/0.9": (b"GET /p\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "long path": (b"GET /" + LONG + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "long header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + LONG + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 101 + b"\r\n", 431),
    "long body": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + LONG, 413),
    "long chunks": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n" + LONG,
        413,
    ),
    "coding in an upgrade": (
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" + CHUNKED,
        400,
    ),
    "tunnel": (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
    "method": (b"DELETE /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_refused_gets_one_answer_and_the_connection_ends(case: str) -> None:
    sent, status = REFUSED[case]
    async with listening(FakeHandler()) as (_, port):
        received = await exchange(port, sent)
    assert statuses(received) == [status]
    assert CLOSE in received
    assert (b"Allow: GET, HEAD, POST\r\n" in received) is (status == 405)


async def test_a_header_that_never_ends_is_cut_off() -> None:
    endless = (b"GET / HTTP/1.1\r\nHost: x\r\nX: ", *([b"y" * 8000] * 12))
    async with listening(FakeHandler(), Limits(linger_seconds=60)) as (_, port):
        received = await exchange(port, *endless, pause=0.002)
    assert statuses(received) == [431]


async def test_a_refusal_waits_for_the_answers_before_it() -> None:
    handler = FakeHandler()
    async with listening(handler) as (_, port), asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(exchange(port, get("/slow") + b"nonsense\r\n\r\n"))
        await handler.reached.wait()
        handler.release.set()
        received = await asked
    assert statuses(received) == [200, 400]


async def test_a_defect_is_a_500_without_a_trace() -> None:
    async with listening(FakeHandler()) as (listener, port):
        received = await exchange(port, get("/defect") + get("/hot", extra=CLOSE))
    assert statuses(received) == [500, 200]
    assert b"ZeroDivision" not in received
    assert listener.statistics.failed == 1


async def test_a_defect_while_reading_is_a_500_and_ends_the_connection() -> None:
    async with listening(FakeHandler()) as (_, port):
        received = await exchange(port, get("/broken") + get("/hot"))
    assert statuses(received) == [500]


async def test_what_is_unavailable_is_a_503_with_a_time_to_come_back() -> None:
    async with listening(FakeHandler()) as (_, port):
        received = await exchange(port, get("/unavailable", extra=CLOSE))
    assert statuses(received) == [503]
    assert b"Retry-After: 5\r\n" in received
    assert b"down" not in received


async def test_a_path_that_no_handler_has_is_not_found() -> None:
    async with listening({b"/a": FakeHandler()}) as (_, port):
        received = await exchange(port, get("/b/hot") + get("/a/hot", extra=CLOSE))
    assert statuses(received) == [404, 200]


async def test_two_listeners_may_share_a_port() -> None:
    with bind("127.0.0.1", 0, shared=True) as first:
        first.listen()
        port = first.getsockname()[1]
        with bind("127.0.0.1", port, shared=True) as second:
            assert second.getsockname() == first.getsockname()
        with pytest.raises(OSError, match="in use"):
            bind("127.0.0.1", port)


async def test_draining_ends_in_time_whatever_is_asked() -> None:
    handler = FakeHandler()
    limits = Limits(drain_seconds=0.2)
    async with asyncio.TaskGroup() as tasks, listening(handler, limits) as (listener, port):
        asked = tasks.create_task(ended(port, get("/slow")))
        await handler.reached.wait()
        otherwise = asyncio.get_running_loop().call_later(60, handler.release.set)
    otherwise.cancel()
    assert statuses(asked.result()) == []
    assert listener.statistics.open == 0


async def ended(port: int, sent: bytes) -> bytes:
    try:
        return await exchange(port, sent)
    except ConnectionError:
        return b""


async def test_slow_and_idle_connections_end() -> None:
    limits = Limits(request_seconds=0.6, idle_seconds=0.6, linger_seconds=0.2)
    async with listening(FakeHandler(), limits) as (listener, port):
        slow = await exchange(port, b"GET / HTTP/1.1\r\nHo")
        idle = await exchange(port, b"")
        kept = await exchange(port, get("/hot"))
    assert statuses(slow) == [408]
    assert idle == b""
    assert statuses(kept) == [200]
    assert listener.statistics.open == 0


async def test_a_large_answer_arrives_whole() -> None:
    handler = FakeHandler(big=b"x" * 3_000_000)
    async with listening(handler) as (_, port):
        received = await exchange(port, get("/big") + get("/big", extra=CLOSE))
    assert received.count(b"x" * 3_000_000) == 2


async def test_draining_finishes_what_was_asked() -> None:
    handler = FakeHandler()
    async with asyncio.TaskGroup() as tasks, listening(handler) as (_, port):
        asked = tasks.create_task(exchange(port, get("/slow")))
        idle = tasks.create_task(exchange(port, get("/hot")))
        await handler.reached.wait()
        while not handler.hot_calls:  # noqa: ASYNC110 -- what is waited for is counted elsewhere
            await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.2, handler.release.set)
    assert statuses(asked.result()) == [200]
    assert statuses(idle.result()) == [200]


async def test_absolute_form_means_the_same() -> None:
    async with listening(FakeHandler()) as (_, port):
        received = await exchange(port, get("http://x:80/path", extra=CLOSE))
    assert b"GET /path " in received


@pytest.mark.parametrize(
    "behaviour",
    [
        test_pipelined_requests_are_answered_in_order_hot_and_cold,
        test_slow_and_idle_connections_end,
        test_a_large_answer_arrives_whole,
        test_draining_finishes_what_was_asked,
    ],
)
def test_the_same_on_uvloop(behaviour: Callable[[], Coroutine[None, None, None]]) -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(behaviour())
