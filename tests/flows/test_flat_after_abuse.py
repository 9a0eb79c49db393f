"""After thousands of hostile requests to every listener the server holds what it held before."""

import asyncio
import contextlib
import random
import ssl
from pathlib import Path
from typing import Final

import pytest

from installed.practice import Practice
from pki.der.ocsp import encode_request
from status_side.bench import cert_id
from status_side.hostile import MALFORMED
from status_side.house import CA
from strangers.http_hostile import REQUESTS

pytestmark = pytest.mark.slow

AT_ONCE: Final = 48
ROUNDS: Final = 2
SLACK_KB: Final = 4096
"""What an allocator may keep for itself; whoever leaks 3 kB with each request leaks more."""

SPARE: Final = 8
"""Descriptors that a store or a loop may open when it is first used."""


def resident(pid: int) -> int:
    """In kB."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def ocsp(body: bytes) -> bytes:
    head = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n"
    return head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body


def asked(chance: random.Random) -> bytes:
    """A serial that nobody knows, and a nonce: signed each time."""
    return encode_request([cert_id(chance.getrandbits(150), ca=CA)], chance.randbytes(32))


class Abuse:
    """One round is the same for every listener and every time."""

    def __init__(self, practice: Practice) -> None:
        self._base = practice.ports.base
        self._tls = practice.tls()
        self._chance = random.Random(26)
        self._places = asyncio.Semaphore(AT_ONCE)

    async def round(self) -> int:
        """How many were sent."""
        status = [*REQUESTS.values(), *map(ocsp, MALFORMED.values())]
        status += [ocsp(asked(self._chance)) for _ in range(300)]
        plain = [*REQUESTS.values(), b"", b"\x16\x03\x01"]
        work = [
            *(self._send(0, each) for each in status),
            *(self._send(1, each) for each in plain),
            *(self._send(1, each, self._tls) for each in plain),
            *(self._send(3, each) for each in plain),
        ]
        async with asyncio.TaskGroup() as tasks:
            for each in work:
                tasks.create_task(each)
        return len(work)

    async def _send(self, offset: int, octets: bytes, tls: ssl.SSLContext | None = None) -> None:
        name = "localhost" if tls else None
        async with self._places:
            with contextlib.suppress(ConnectionError, TimeoutError):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", self._base + offset, ssl=tls, server_hostname=name
                )
                try:
                    writer.write(octets)
                    if tls is None:
                        writer.write_eof()
                    async with asyncio.timeout(0.3):
                        await reader.read()
                finally:
                    writer.transport.abort()


async def settled(pid: int, most: int) -> int:
    """How many descriptors are open once those of the abuse are closed."""
    async with asyncio.timeout(60):
        while descriptors(pid) > most:  # noqa: ASYNC110 -- what is waited for is in another process
            await asyncio.sleep(0.1)
    return descriptors(pid)


async def test_neither_descriptors_nor_memory_grow(practice: Practice) -> None:
    with practice.serving() as server:
        pid, abuse = server.process.pid, Abuse(practice)
        idle = descriptors(pid)
        assert await abuse.round() > 700
        await abuse.round()
        before = resident(pid)
        for _ in range(ROUNDS):
            await abuse.round()
        grown = resident(pid) - before
        assert await settled(pid, idle + SPARE) <= idle + SPARE
        assert server.code is None
    assert grown < SLACK_KB
