"""Behind nginx, which keeps connections to the node for all, everybody gets their own answer."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from fakes.listener import FakeHandler, exchange, listening
from server.status_http.reading import Limits
from strangers.http_hostile import REQUESTS
from strangers.nginx import nginx_before

pytestmark = pytest.mark.nginx
AT_ONCE: Final = 12
VICTIM: Final = b"GET /ocsp/own-%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def attack(port: int, octets: bytes) -> None:
    """Whatever comes of it; others must not notice."""
    try:
        await exchange(port, octets, seconds=1)
    except (TimeoutError, ConnectionError):
        return


async def own_answer(port: int, number: int) -> bytes:
    """From another address than the attacks, which use up the share of theirs."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
    try:
        writer.write(VICTIM % number)
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()


async def test_nobody_gets_an_answer_meant_for_another(tmp_path: Path) -> None:
    limits = Limits(request_seconds=30.0, linger_seconds=2.0)
    attacks = list(REQUESTS.values())
    async with (
        listening(FakeHandler(), limits) as (listener, node),
        nginx_before(node, tmp_path) as port,
    ):
        for at in range(0, len(attacks), AT_ONCE):
            async with asyncio.TaskGroup() as tasks:
                for octets in attacks[at : at + AT_ONCE]:
                    tasks.create_task(attack(port, octets))
                said = [tasks.create_task(own_answer(port, at + n)) for n in range(AT_ONCE)]
            after = [await own_answer(port, at + n) for n in range(AT_ONCE)]
            for number, answer in enumerate([each.result() for each in said] + after):
                assert answer.startswith(b"HTTP/1.1 200 ")
                assert answer.endswith(b"\r\n\r\nGET /ocsp/own-%d " % (at + number % AT_ONCE))
        assert listener.statistics.opened < len(attacks) * 2, "connections to the node were kept"
