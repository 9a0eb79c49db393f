"""The listeners for this computer alone, metrics and the desk's page: nothing harms them."""

import asyncio
import contextlib
import gzip
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import pytest

from card_writer.station import app as station
from card_writer.station.app import StationApp
from card_writer.station.stage import Stage
from server.process import health
from server.process.health import HealthListener, Probes
from strangers.http_hostile import REQUESTS
from strangers.ports import free_port

HURRIED: Final = 0.3
END: Final = b"\r\n\r\n"
Opened = Callable[[], AbstractAsyncContextManager[tuple[int, bytes]]]


async def is_open(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def metrics() -> AsyncIterator[tuple[int, bytes]]:
    async def exposed() -> bytes:
        return b"zorgid_clock_right 1\n"

    port, stop = free_port(), asyncio.Event()
    probes = Probes(checks={}, metrics=exposed)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(HealthListener(f"127.0.0.1:{port}").serve(probes, stop))
        await is_open(port)
        yield port, b"/metrics"
        stop.set()


@asynccontextmanager
async def desk() -> AsyncIterator[tuple[int, bytes]]:
    made = StationApp(Stage(), "nl")
    async with station.listening(made, 0) as address:
        yield int(address.split(":")[2].split("/")[0]), f"/{made.token}/".encode()


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "IDLE_SECONDS", HURRIED)
    monkeypatch.setattr(station, "IDLE_SECONDS", HURRIED)


async def said(port: int, octets: bytes) -> bytes:
    """What comes until the listener ends the connection."""
    async with asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(octets)
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


def codes(answers: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answers)]


def get(port: int, path: bytes) -> bytes:
    return b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close" % (path, port) + END


@pytest.mark.parametrize("opened", [metrics, desk])
async def test_hostile_octets_harm_nobody(opened: Opened) -> None:
    async with opened() as (port, path):
        here = b"Host: 127.0.0.1:%d\r\n" % port
        sent = [
            octets.replace(b" /ocsp", b" " + path).replace(b"Host: x\r\n", here)
            for octets in REQUESTS.values()
        ]
        async with asyncio.TaskGroup() as tasks:
            answered = [tasks.create_task(said(port, each)) for each in sent]
        ended = {code for each in answered for code in codes(each.result())}
        assert ended <= {200, 400, 403, 404, 405, 413, 415, 417}, ended
        async with asyncio.timeout(60):
            # Who is slow, as a busy machine is, goes unanswered here.
            while not (found := codes(await said(port, get(port, path)))):
                pass
        assert found == [200]


@pytest.mark.parametrize("opened", [metrics, desk])
async def test_a_head_that_does_not_come_is_not_waited_for(opened: Opened) -> None:
    async with opened() as (port, path):
        assert codes(await said(port, get(port, path)[:-2])) == []


async def test_an_answer_of_the_page_is_small_whole_and_not_compressed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(station, "IDLE_SECONDS", 60.0)
    async with desk() as (port, path):
        head = b"POST %sanswer HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % (path, port)
        head += b"Content-Type: application/json\r\nConnection: close\r\n"
        bomb = gzip.compress(b"[" * 3_000_000)
        for more, body, code in (
            (b"Content-Length: 40", b"{", 408),
            (b"Content-Length: 5000", b" " * 5000, 413),
            (b"Content-Length: 4000", b"[" * 4000, 400),
            (b"Content-Encoding: gzip\r\nContent-Length: %d" % len(bomb), bomb, 400),
        ):
            with monkeypatch.context() as patch:
                if code == 408:
                    patch.setattr(station, "IDLE_SECONDS", HURRIED)
                assert codes(await said(port, head + more + END + body)) == [code]
