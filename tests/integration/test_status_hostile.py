"""Hostile octets over real connections: an HTTP answer or none, never a 5xx, and life goes on."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from fakes.listener import exchange, listening
from fuzzed.answers import bench, check_answer
from pki.der.ocsp import OcspResponse
from pki.domain.status import Good
from server.status_http.reading import Limits
from status_side.hostile import GOOD
from strangers.http_hostile import REQUESTS, SMUGGLED

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
WELL = (
    b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(GOOD) + GOOD
)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    made = bench()
    limits = Limits(request_seconds=0.5, idle_seconds=0.5, linger_seconds=0.5)
    async with listening({b"/ocsp": made.handler}, limits) as (listener, port):
        yield port
        answer = await exchange(port, WELL)
        read = check_answer(answer.partition(b"\r\n\r\n")[2], made)
        assert isinstance(read, OcspResponse)
        assert [single.status for single in read.singles] == [Good()]
        assert listener.statistics.failed == 0


async def sent(port: int, octets: bytes) -> bytes:
    """What comes back until the server ends; it may end before it has taken everything."""
    try:
        return await exchange(port, octets)
    except (ConnectionResetError, BrokenPipeError):
        return b""


@pytest.mark.parametrize("name", REQUESTS)
async def test_hostile_octets_harm_nobody(port: int, name: str) -> None:
    found = {int(code) for code in STATUS.findall(await sent(port, REQUESTS[name]))}
    assert found <= {200, 304, 400, 404, 405, 408, 413, 414, 415, 417, 431}


@pytest.mark.parametrize("name", [name for name, sent in REQUESTS.items() if SMUGGLED in sent])
async def test_nothing_is_smuggled_past_an_error(port: int, name: str) -> None:
    """Once a request is refused, what stands behind it is not read as another one."""
    codes = [int(code) for code in STATUS.findall(await sent(port, REQUESTS[name]))]
    bad = [at for at, code in enumerate(codes) if code == 400]
    assert not bad or bad[0] == len(codes) - 1


async def test_many_at_once_harm_nobody(port: int) -> None:
    async with asyncio.TaskGroup() as tasks:
        for octets in REQUESTS.values():
            tasks.create_task(sent(port, octets))


@pytest.mark.parametrize(
    "name",
    ["two codings", "two codings, the other first", "chunks after gzip", "chunks twice"],
)
async def test_no_transfer_coding_but_chunked_is_known(port: int, name: str) -> None:
    answered = await sent(port, REQUESTS[name])
    assert [int(code) for code in STATUS.findall(answered)] == [400]
