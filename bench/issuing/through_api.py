"""Certificates a second: through the API of a server, and by the same work in this process."""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from bench.issuing.orders import Waiting, ordered
from bench.status.figures import Pair
from bench.status.installation import ISSUER, Installation
from ca.authority import CertificationAuthority
from pki.ports import SystemClock, SystemEntropy
from pki.store.writing import Store
from pki.trust.proofs import verify_pkcs10
from server.generation.authorities import open_authority
from server.settings import load

AT_ONCE = 32
WARM_UP = 64
PATIENCE = 120.0
"""Seconds for a signature: the reference must not give up where others use the machine."""


class Refused(Exception):
    """The server did not issue."""


async def through_api(orders: Sequence[Waiting], port: int, tls: ssl.SSLContext) -> float:
    """Certificates a second with `AT_ONCE` requests under way, each on a connection that stays."""
    left = deque(orders)
    connections = [
        await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname="localhost")
        for _ in range(AT_ONCE)
    ]

    async def desk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(IndexError):
            while True:
                order = left.popleft()
                writer.write(_asked(order))
                await _issued(reader)

    try:
        return await _rate(len(orders), [desk(*each) for each in connections])
    finally:
        for _, writer in connections:
            writer.close()


async def in_process(orders: Sequence[Waiting], ca: CertificationAuthority) -> float:
    """The same work without API and store: request verified, certificate built, linted, signed."""
    left = deque(orders)

    async def desk() -> None:
        with suppress(IndexError):
            while True:
                order = left.popleft()
                key = verify_pkcs10(order.pkcs10)
                holder = order.session.holder
                prepared = ca.prepare_card(holder, key.public_key, SystemClock().now())
                await ca.sign(prepared.tbs)

    return await _rate(len(orders), [desk() for _ in range(AT_ONCE)])


async def _rate(count: int, desks: Sequence[Awaitable[None]]) -> float:
    async def one(desk: Awaitable[None]) -> None:
        await desk

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for each in desks:
            group.create_task(one(each))
    return count / (time.perf_counter() - began)


def _asked(order: Waiting) -> bytes:
    head = (
        f"POST /v1/cards/{order.card.id}/certificate HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {order.token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(order.body)}\r\n\r\n"
    )
    return head.encode() + order.body


async def _issued(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    body = await reader.readexactly(length)
    if int(head.split()[1]) != HTTPStatus.CREATED:
        raise Refused(body.decode("utf-8", "replace"))


def pairs(
    folder: Path, rounds: int, count: int, run: Callable[[Awaitable[float]], float]
) -> list[Pair]:
    """Rounds of both in turns, with the keys and profiles that `zorgid init` makes."""
    installation = Installation(folder)
    config = installation.folder / "zorgid.toml"
    text = config.read_text()
    profiles = 'profiles = "profiles"\n'
    assert text.count(profiles) == 1
    config.write_text(text.replace(profiles, f'{profiles}card_profile = "card-p256"\n'))
    store = Store.open(f"sqlite:///{installation.store}", clock=SystemClock())
    try:
        orders = ordered(store, 0, WARM_UP + rounds * count)
    finally:
        store.close_sync()
    settings = load(config)
    patient = settings.limits.model_copy(update={"signing_seconds": PATIENCE})
    settings = settings.model_copy(update={"limits": patient})
    (generation,) = (each for each in settings.token_ca if each.id == ISSUER)
    ca = open_authority(settings, generation, SystemEntropy())
    port = installation.ports.base + 1
    tls = ssl.create_default_context(cafile=installation.folder / "ca" / "root.pem")
    found = []
    with installation.issuing():
        run(through_api(orders[:WARM_UP], port, tls))
        run(in_process(orders[:WARM_UP], ca))
        for start in range(WARM_UP, len(orders), count):
            some = orders[start : start + count]
            alone = run(in_process(some, ca))
            found.append(Pair(ours=run(through_api(some, port, tls)), reference=alone))
    return found
