"""Fetching from a real server on loopback that is slow, too large, redirects or lies."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pki.domain.errors import PassStatusUnavailable
from pki.trust.fetch import AiohttpStatusHttp

BODY = bytes(range(256)) * 100
LIMIT = len(BODY)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def plain(_request: web.Request) -> web.Response:
    return web.Response(body=BODY)


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=request.content_type.encode() + b":" + await request.read())


async def endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    try:
        while True:
            await answer.write(BODY)
    except ConnectionError:
        return answer


async def trickle(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    try:
        while True:
            await answer.write(b"x")
            await asyncio.sleep(0.02)
    except ConnectionError:
        return answer


async def silent(_request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


async def redirect(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/plain")


async def compressed(_request: web.Request) -> web.Response:
    return web.Response(body=gzip.compress(bytes(1000)), headers={"Content-Encoding": "gzip"})


async def missing(_request: web.Request) -> web.Response:
    return web.Response(status=404, body=BODY)


async def larger(_request: web.Request) -> web.Response:
    return web.Response(body=BODY + b"!")


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    app = web.Application()
    get: list[Handler] = [
        plain, endless, trickle, silent, redirect, compressed, missing, larger
    ]  # fmt: skip
    for handler in get:
        app.router.add_get(f"/{handler.__name__}", handler)
    app.router.add_post("/echo", echo)
    running = TestServer(app)
    async with running:
        yield running


def address(server: TestServer, path: str) -> str:
    return str(server.make_url(path))


async def test_a_plain_answer_comes_whole(server: TestServer) -> None:
    http = AiohttpStatusHttp(timeout_seconds=30)
    assert await http.get(address(server, "/plain"), LIMIT) == BODY


async def test_a_question_is_posted_with_its_content_type(server: TestServer) -> None:
    http = AiohttpStatusHttp(timeout_seconds=30)
    answer = await http.post(address(server, "/echo"), b"?", "application/ocsp-request", LIMIT)
    assert answer == b"application/ocsp-request:?"


@pytest.mark.parametrize("path", ["/larger", "/endless"])
async def test_a_large_answer_is_cut_off(path: str, server: TestServer) -> None:
    http = AiohttpStatusHttp(timeout_seconds=30)
    with pytest.raises(PassStatusUnavailable, match="too large"):
        await http.get(address(server, path), LIMIT)


@pytest.mark.parametrize("path", ["/silent", "/trickle"])
async def test_a_slow_answer_is_given_up(path: str, server: TestServer) -> None:
    http = AiohttpStatusHttp(timeout_seconds=0.2)
    with pytest.raises(PassStatusUnavailable, match="in time"):
        await http.get(address(server, path), LIMIT)


@pytest.mark.parametrize("path", ["/redirect", "/missing", "/unknown"])
async def test_anything_but_200_is_no_answer(path: str, server: TestServer) -> None:
    http = AiohttpStatusHttp(timeout_seconds=30)
    with pytest.raises(PassStatusUnavailable, match="HTTP status"):
        await http.get(address(server, path), LIMIT)


async def test_nothing_is_unpacked(server: TestServer) -> None:
    http = AiohttpStatusHttp(timeout_seconds=30)
    answer = await http.get(address(server, "/compressed"), 100)
    assert gzip.decompress(answer) == bytes(1000)


async def test_a_closed_port_is_no_answer(server: TestServer) -> None:
    url = address(server, "/plain")
    await server.close()
    with pytest.raises(PassStatusUnavailable):
        await AiohttpStatusHttp(timeout_seconds=30).get(url, LIMIT)
