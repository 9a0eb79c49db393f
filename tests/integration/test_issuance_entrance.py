"""What one client may take of the API: connections, time, and memory; and that it gets no more."""

import asyncio
import contextlib
import errno
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any, Final

import pytest
from aiohttp import web

from fakes.issuance import Surroundings
from issuance.http import app as api
from issuance.http import bodies, connections, entrance
from issuance.http.app import create_app, serving
from issuance.http.connections import ENTROPY
from issuance.http.entrance import Entrance
from issuing.world import World
from pki.ports import SystemEntropy
from server.status_http.peers import Peers
from strangers.http_hostile import REQUESTS

END = b"\r\n\r\n"
GET = b"GET /v1/challenges HTTP/1.1\r\nHost: x" + END
POST = b"POST /v1/challenges HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HURRIED = 0.3


@asynccontextmanager
async def open_api(
    door: Entrance, tls: ssl.SSLContext | None = None, app: web.Application | None = None
) -> AsyncIterator[int]:
    app = app or create_app(Surroundings().desk)
    async with serving(app, host="127.0.0.1", port=0, tls=tls, entrance=door) as port:
        yield port
    assert door.counts.open == 0, "every place was given back"


class Client:
    """A connection from one of loopback's addresses."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def said(self, octets: bytes = b"") -> bytes:
        """What comes until the server ends the connection."""
        try:
            self.writer.write(octets)
            async with asyncio.timeout(60):
                return await self.reader.read()
        except ConnectionError:
            return b""

    async def status(self, octets: bytes = GET) -> int:
        """Of one answer; the connection stays."""
        self.writer.write(octets)
        async with asyncio.timeout(60):
            return int((await self.reader.readuntil(END)).split(b" ")[1])


Come = Callable[..., Awaitable[Client]]


@pytest.fixture
async def come() -> AsyncIterator[Come]:
    """Makes clients, and ends them with the test."""
    writers: list[asyncio.StreamWriter] = []

    async def one(
        port: int, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> Client:
        made = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0), ssl=tls)
        writers.append(made[1])
        return Client(*made)

    yield one
    for each in writers:
        each.close()
        with contextlib.suppress(ConnectionError):
            await each.wait_closed()


async def left(door: Entrance, count: int) -> None:
    async with asyncio.timeout(60):
        while door.counts.open != count:  # noqa: ASYNC110 -- what is waited for is a deadline of the server
            await asyncio.sleep(0.01)


async def arrived(door: Entrance, count: int) -> None:
    async with asyncio.timeout(60):
        while door.counts.opened < count:  # noqa: ASYNC110 -- the listener accepts when it can
            await asyncio.sleep(0.01)


async def answered(come: Come, port: int) -> Client:
    """Who got an answer; a hurried server may have given up others of a busy machine."""
    async with asyncio.timeout(60):
        while True:
            client = await come(port)
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                assert await client.status() == 405
                return client


async def test_a_peer_takes_its_share_and_others_get_theirs(
    come: Come,
    caplog: pytest.LogCaptureFixture,
) -> None:
    door = Entrance(10, Peers(2, ()))
    async with open_api(door) as port:
        greedy = [await come(port) for _ in range(2)]
        assert [await each.status() for each in greedy] == [405, 405]
        assert await (await come(port)).said(GET) == b""
        assert await (await come(port, "127.0.0.2")).status() == 405
        greedy[0].writer.close()
        await left(door, 2)
        assert await (await come(port)).status() == 405
        assert (door.counts.opened, door.counts.turned_away) == (4, 1)
    (told,) = [each for each in caplog.records if "turned away" in each.message]
    assert (vars(told)["peer"], vars(told)["why"]) == ("127.0.0.1", "it has all it may have")


async def test_all_together_are_bounded_and_a_proxy_is_not_one_peer(come: Come) -> None:
    door = Entrance(3, Peers(1, (ip_network("127.0.0.1"),)))
    async with open_api(door) as port:
        many = [await come(port) for _ in range(3)]
        assert [await each.status() for each in many] == [405] * 3
        assert await (await come(port, "127.0.0.2")).said(GET) == b""


async def test_without_descriptors_others_wait(
    come: Come, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    loop, door = asyncio.get_running_loop(), Entrance()
    accept, lacking = loop.sock_accept, [errno.EMFILE, errno.ECONNABORTED, errno.ENFILE]

    async def accept_at_last(listening: socket.socket) -> tuple[socket.socket, Any]:
        if lacking:
            raise OSError(lacking.pop(), "used up")
        return await accept(listening)

    monkeypatch.setattr(entrance, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(loop, "sock_accept", accept_at_last)
    async with open_api(door) as port:
        assert await (await come(port)).status() == 405
    (told,) = [each for each in caplog.records if "none can be accepted" in each.message]
    assert vars(told)["why"] == "used up"


async def test_a_connection_that_cannot_be_begun_ends_no_other(come: Come) -> None:
    door, failing = Entrance(), [RuntimeError("of a kind nobody thought of")]

    class Served(asyncio.Protocol):
        def __init__(self, over: Callable[[], None], _named: str | None) -> None:
            if failing:
                raise failing.pop()
            self.over = over

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transport.write(b"in")
            transport.close()

        def connection_lost(self, exc: Exception | None) -> None:
            self.over()

    (listening,) = await entrance.listening_at("127.0.0.1", 0)
    port = listening.getsockname()[1]
    async with door.open([listening], Served, None):
        first = await come(port)
        assert await (await come(port)).said() == b"in"
        await left(door, 0)
        first.writer.close()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance, "HANDSHAKE_SECONDS", HURRIED)
    monkeypatch.setattr(connections, "SEND_SECONDS", HURRIED)
    monkeypatch.setattr(bodies, "BODY_SECONDS", HURRIED)
    monkeypatch.setattr(api, "_KEEPALIVE_SECONDS", HURRIED)
    monkeypatch.setattr(api, "_LINGER_SECONDS", HURRIED)


async def test_who_never_shakes_hands_takes_a_place_for_a_while(
    come: Come, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Entrance(2)
    # Long enough for the third to come meanwhile.
    monkeypatch.setattr(entrance, "HANDSHAKE_SECONDS", 4.0)
    async with open_api(door, world.tls.server_context()) as port:
        silent, half = await come(port), await come(port)
        half.writer.write(b"\x16\x03\x01")
        await arrived(door, 2)
        assert await (await come(port)).said() == b""
        assert await silent.said() == await half.said() == b""
        await left(door, 0)
        monkeypatch.setattr(entrance, "HANDSHAKE_SECONDS", 60.0)
        context = world.tls.client_context("team")
        known = await come(port, tls=context)
        assert door.counts.open == 1
        known.writer.close()
        await left(door, 0)
        assert door.counts.turned_away == 1


async def test_a_handshake_that_is_going_on_does_not_hold_up_the_end(
    come: Come, world: World
) -> None:
    door = Entrance()
    async with open_api(door, world.tls.server_context()) as port:
        silent = await come(port)
        await left(door, 1)
    assert await silent.said() == b""


@pytest.mark.usefixtures("hurried")
async def test_a_head_that_comes_octet_by_octet_is_not_waited_for(come: Come) -> None:
    door = Entrance()
    async with open_api(door) as port:
        slow, kept = await come(port), await answered(come, port)
        async with asyncio.timeout(60):
            while door.counts.open:
                for each in (slow, kept):
                    each.writer.write(b"G")
                await asyncio.sleep(HURRIED / 10)


@pytest.mark.usefixtures("hurried")
async def test_a_body_that_comes_octet_by_octet_is_not_waited_for(come: Come) -> None:
    door = Entrance()
    async with open_api(door) as port:
        slow = await come(port)
        assert await slow.status(POST + b"Content-Length: 60000" + END) == 408


@pytest.mark.usefixtures("hurried")
async def test_who_does_not_take_an_answer_is_cut_off(come: Come) -> None:
    async def big(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(8_000_000))

    app = web.Application()
    app[ENTROPY] = SystemEntropy()
    app.router.add_get("/", big)
    door = Entrance()
    async with open_api(door, app=app) as port:
        client = await come(port)
        client.writer.write(b"GET / HTTP/1.1\r\nHost: x" + END)
        await arrived(door, 1)
        await left(door, 0)


async def test_what_was_compressed_stays_so(come: Come) -> None:
    bomb = gzip.compress(bytes(60_000_000))
    assert len(bomb) < bodies.BODY_LIMIT
    door = Entrance()
    async with open_api(door) as port:
        for coding in (b"gzip", b"deflate", b"br", b"identity, gzip"):
            client = await come(port)
            sent = b"Content-Encoding: %s\r\nContent-Length: %d" % (coding, len(bomb)) + END
            assert await client.status(POST + sent + bomb) == 415


HOSTILE: Final = {
    name: octets.replace(b" /ocsp ", b" /v1/challenges ").replace(b"/ocsp/", b"/v1/")
    for name, octets in REQUESTS.items()
}
"""The status listener's, at an address that the API has."""


@pytest.mark.usefixtures("hurried")
async def test_hostile_octets_harm_nobody(come: Come) -> None:
    door = Entrance()
    async with open_api(door) as port:
        async with asyncio.TaskGroup() as tasks:
            came = {name: await come(port) for name in HOSTILE}
            said = {
                name: tasks.create_task(client.said(HOSTILE[name])) for name, client in came.items()
            }
        for name, task in said.items():
            codes = [int(line[:3]) for line in task.result().split(b"HTTP/1.1 ")[1:]]
            assert all(400 <= code < 500 for code in codes), name
        await answered(come, port)
