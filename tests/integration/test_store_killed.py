"""PostgreSQL killed while it is read: the store is unavailable, and nothing else is ever raised."""

import asyncio
from collections import Counter

import pytest

from pki.domain.errors import StoreUnavailable
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.store.migrate import migrate
from pki.store.reading import ReadSession, ReadStore
from strangers.postgres_killed import killable

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

KILLS = 3
READERS = 8


async def test_whoever_reads_is_told_that_the_store_is_unavailable() -> None:
    told: Counter[str] = Counter()
    stop, succeeded, failed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def query(session: ReadSession) -> None:
        session.status(IssuerId("token-ca-g1"), SerialNumber(1 << 150))
        session.head()

    async def read(store: ReadStore) -> None:
        while not stop.is_set():
            try:
                await store.read(query)
                succeeded.set()
            except StoreUnavailable:
                told["unavailable"] += 1
                failed.set()
            await asyncio.sleep(0.001)

    with killable() as cluster:
        url = cluster.url(cluster.create())
        migrate(url)
        store = ReadStore.open(url, threads=4)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(READERS):
                tasks.create_task(read(store))
            for _ in range(KILLS):
                succeeded.clear()
                await succeeded.wait()
                await asyncio.sleep(0.2)
                failed.clear()
                await asyncio.to_thread(cluster.kill)
                await failed.wait()
                await asyncio.to_thread(cluster.start)
            stop.set()
        await store.close()
    assert told["unavailable"] >= KILLS
