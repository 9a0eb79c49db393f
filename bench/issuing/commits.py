"""Durable entries of the journal a second, and what the disk does of the bare calls."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.issuing.stored import stored
from bench.status.figures import Pair
from pki.domain.events import CardOrdered
from pki.domain.identifiers import CardId, PersonId, Ura
from pki.domain.people import SYSTEM
from pki.store.writing import Store

BLOCK = bytes(4096)
ENTRY = CardOrdered(card=CardId("c" * 32), person=PersonId("d" * 32), ura=Ura("90000382"))


def syncs(folder: Path, seconds: float) -> float:
    """One block of 4 KiB written and fdatasync, again and again in its place."""
    descriptor = os.open(folder / "bare", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, BLOCK, 0)
        os.fsync(descriptor)
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            os.pwrite(descriptor, BLOCK, 0)
            os.fdatasync(descriptor)
            done += 1
        return done / (time.perf_counter() - began)
    finally:
        os.close(descriptor)


async def entries(store: Store, at_once: int, seconds: float) -> float:
    """Changes that record one entry each, answered after their COMMIT, ``at_once`` under way."""
    done, began = 0, time.perf_counter()

    async def desk() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await store.write(lambda session: session.record(ENTRY, SYSTEM))
            done += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(desk())
    return done / (time.perf_counter() - began)


def pairs(
    folder: Path,
    at_once: int,
    rounds: int,
    seconds: float,
    run: Callable[[Awaitable[float]], float],
) -> list[Pair]:
    """Rounds of both in turns, on one file system."""
    found = []
    with stored(folder) as store:
        run(entries(store, at_once, seconds / 2))
        for _ in range(rounds):
            bare = syncs(folder, seconds)
            found.append(Pair(ours=run(entries(store, at_once, seconds)), reference=bare))
    return found
