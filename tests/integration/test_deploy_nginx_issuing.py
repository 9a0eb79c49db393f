"""Issuing nodes behind a proxy that passes TCP on, and behind the shipped nginx."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from issuance.http import entrance
from issuance.http.app import serving
from issuance.http.connections import ENTROPY
from issuance.http.entrance import Entrance
from issuance.http.introduced import introduced
from issuing.world import World, writer
from pki.api.client import IssuanceClient
from pki.api.wire import BlockRequest
from pki.domain.identifiers import IdempotencyKey
from pki.domain.reasons import BlockReason
from pki.ports import SystemEntropy
from server.status_http.peers import Peers
from strangers.nginx import nginx_passing_on

PROXY: Final = (ip_network("127.0.0.1"),)
LINE: Final = b"PROXY TCP4 %s 192.0.2.1 50000 443\r\n"
GET: Final = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
TLS_BEGINS: Final = bytes.fromhex("160301")
KEPT: Final = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def behind_proxy(most: int = 10, each: int = 2) -> Entrance:
    peers = Peers(each, PROXY)
    return Entrance(most, peers, peers.is_exempt)


@asynccontextmanager
async def who_asks(door: Entrance) -> AsyncIterator[int]:
    """A listener that answers with the address of whoever asks."""

    async def tell(request: web.Request) -> web.Response:
        return web.Response(text=f"<{request.remote}>")

    app = web.Application()
    app[ENTROPY] = SystemEntropy()
    app.router.add_get("/", tell)
    async with serving(app, host="127.0.0.1", port=0, tls=None, entrance=door) as port:
        yield port
    assert door.counts.open == 0, "every place was given back"


async def said(port: int, octets: bytes, address: str = "127.0.0.1") -> bytes:
    """All that is answered."""
    reader, out = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        out.write(octets)
        async with asyncio.timeout(60):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        out.close()


async def test_a_request_is_from_whom_its_proxy_names() -> None:
    async with who_asks(behind_proxy()) as port:
        assert b"<198.51.100.7>" in await said(port, LINE % b"198.51.100.7" + GET)
        assert b"<127.0.0.1>" in await said(port, b"PROXY UNKNOWN\r\n" + GET)
        assert await said(port, GET) == b"", "a proxy that names nobody is not believed"
        assert await said(port, b"PROXY TCP4 " + b"1" * 200) == b""


async def test_who_comes_past_the_proxy_from_its_address_is_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A desk or a command on the proxy's own computer, which shakes hands at once."""
    async with who_asks(behind_proxy()) as port:
        assert await said(port, TLS_BEGINS) == b""
    (told,) = (each.__dict__ for each in caplog.records if each.name == entrance.__name__)
    assert "came past the proxy" in told["why"]
    assert "take its address out of api.proxies" in told["next_step"]


async def test_nobody_but_a_proxy_says_who_they_are() -> None:
    async with who_asks(behind_proxy()) as port:
        assert b"<127.0.0.2>" in await said(port, GET, "127.0.0.2")
        answer = await said(port, LINE % b"198.51.100.7" + GET, "127.0.0.2")
        assert b" 400 " in answer.partition(b"\r\n")[0]
        assert b"198.51.100.7" not in answer


async def test_places_are_those_of_whom_the_proxy_names(
    caplog: pytest.LogCaptureFixture,
) -> None:
    door = behind_proxy(each=1)
    async with who_asks(door) as port:
        reader, out = await asyncio.open_connection("127.0.0.1", port)
        out.write(LINE % b"198.51.100.7" + KEPT)
        await reader.readuntil(b"<198.51.100.7>")
        assert await said(port, LINE % b"198.51.100.7" + GET) == b""
        assert b"<198.51.100.8>" in await said(port, LINE % b"198.51.100.8" + GET)
        out.close()
        async with asyncio.timeout(60):
            while door.counts.open:  # noqa: ASYNC110 -- the server notices by itself
                await asyncio.sleep(0.01)
        assert b"<198.51.100.7>" in await said(port, LINE % b"198.51.100.7" + GET)
    (told,) = [each for each in caplog.records if "turned away" in each.message]
    assert vars(told)["peer"] == "198.51.100.7"


async def test_a_line_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(entrance, "HANDSHAKE_SECONDS", 0.3)
    async with who_asks(behind_proxy()) as port:
        assert await said(port, b"PROXY TCP4 ") == b""
    (told,) = [each for each in caplog.records if "for whom" in each.message]
    assert (vars(told)["peer"], vars(told)["why"]) == ("127.0.0.1", "TimeoutError")


async def test_an_introduction_that_fails_ends_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = [RuntimeError("of a kind nobody thought of")]

    async def fails_once(accepted: socket.socket) -> str | None:
        if failing:
            raise failing.pop()
        return await introduced(accepted)

    monkeypatch.setattr(entrance, "introduced", fails_once)
    async with who_asks(behind_proxy()) as port:
        assert await said(port, LINE % b"198.51.100.7" + GET) == b""
        assert b"<198.51.100.8>" in await said(port, LINE % b"198.51.100.8" + GET)


async def test_a_line_that_is_being_read_does_not_hold_up_the_end() -> None:
    door = behind_proxy()
    async with who_asks(door) as port:
        reader, out = await asyncio.open_connection("127.0.0.1", port)
        out.write(b"PROXY ")
        async with asyncio.timeout(60):
            while not door.counts.open:  # noqa: ASYNC110 -- the server notices by itself
                await asyncio.sleep(0.01)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    out.close()


@pytest.mark.nginx_stream
async def test_nginx_says_for_whom_it_is(tmp_path: Path) -> None:
    async with who_asks(behind_proxy()) as node, nginx_passing_on([node], tmp_path) as port:
        assert b"<127.0.0.5>" in await said(port, GET, "127.0.0.5")
        assert b"<127.0.0.6>" in await said(port, GET, "127.0.0.6")


@pytest.mark.nginx_stream
async def test_a_node_goes_and_the_other_knows_what_was_done(
    world: World, card_keys: list[rsa.RSAPrivateKey], tmp_path: Path
) -> None:
    """A card is made through nginx; a block is repeated when a node is gone."""
    body, key = BlockRequest(reason=BlockReason.LOSS), IdempotencyKey("k" * 16)
    async with AsyncExitStack() as first, world.serve(behind_proxy()) as two:
        one = await first.enter_async_context(world.serve(behind_proxy()))
        async with nginx_passing_on([one.port, two.port], tmp_path) as port:
            async with at(world, port, None) as desk, at(world, port, "team") as team:
                made = await writer(world, desk, card_keys[0]).make()
                done = await team.block(made.card.card_id, body, key)
            await first.aclose()
            for _ in range(4):
                async with at(world, port, "team") as team:
                    again = await team.block(made.card.card_id, body, key)
                assert again.change == done.change


def at(world: World, port: int, who: str | None) -> IssuanceClient:
    tls = world.tls.client_context(who)
    return IssuanceClient(f"https://127.0.0.1:{port}", tls=tls, timeout_seconds=30)
