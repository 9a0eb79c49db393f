"""Hearing of commits: from a real primary, from none, and again after its connection was ended."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from fixtures.postgres import PostgresCluster
from pki.domain.events import ServiceStarted
from pki.domain.journal import JournalEntry
from pki.domain.people import SYSTEM
from pki.ports import SystemClock
from pki.store.postgres import listening
from pki.store.postgres.listening import Listening
from pki.store.reading import ReadStore
from pki.store.tail import JournalTail
from pki.store.writing import Store
from strangers.ports import free_port
from strangers.postgres_replica import replica_of

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
STARTED = ServiceStarted(roles="issuance", version="1.0")
NEVER = 3600.0
"""Between looks, so that only what is heard leads to one."""

GENEROUS = 180.0
QUIET = 0.5
COMMIT = """
import sys
from pki.domain.events import ServiceStarted
from pki.domain.people import SYSTEM
from pki.ports import SystemClock
from pki.store.writing import Store

store = Store.open(sys.argv[1], clock=SystemClock())
store.write_sync(lambda each: each.record(ServiceStarted(roles="other", version="1.0"), SYSTEM))
store.close_sync()
"""


class Ear:
    """Counts what was heard."""

    def __init__(self) -> None:
        self.heard = 0
        self._came = asyncio.Event()

    def wake(self) -> None:
        self.heard += 1
        self._came.set()

    async def next(self) -> None:
        async with asyncio.timeout(GENEROUS):
            await self._came.wait()
        self._came.clear()


@asynccontextmanager
async def listening_to(url: str, ear: Ear) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Listening(url, ear.wake).run(stop))
        try:
            yield
        finally:
            stop.set()


async def commit_elsewhere(url: str) -> None:
    """One entry, by another process."""
    command = [sys.executable, "-c", COMMIT, url]
    await asyncio.to_thread(subprocess.run, command, check=True, cwd=ROOT, timeout=GENEROUS)


def listeners(url: str, *, end: bool) -> int:
    """How many connections to this database listen; they are ended if so asked."""
    query = "SELECT pg_terminate_backend(pid)" if end else "SELECT pid"
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                f"{query} FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            )
        ).all()
    engine.dispose()
    return len(rows)


@pytest.fixture
def database(postgres_cluster: PostgresCluster, migrated_postgres: str) -> str:
    """The name of a database with a store in it."""
    return postgres_cluster.create(template=migrated_postgres)


async def test_who_follows_a_primary_hears_of_a_commit_elsewhere(
    postgres_cluster: PostgresCluster, database: str
) -> None:
    url = postgres_cluster.url(database)
    reads = ReadStore.open(url)
    tail, ear = JournalTail(reads, poll_seconds=NEVER), Ear()

    def wake() -> None:
        ear.wake()
        tail.wake()

    async def first_entries() -> Sequence[JournalEntry]:
        return await anext(tail.follow(0))

    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Listening(url, wake).run(stop))
        await ear.next()
        first = tasks.create_task(first_entries())
        await asyncio.sleep(QUIET)
        assert not first.done()
        await commit_elsewhere(url)
        async with asyncio.timeout(GENEROUS):
            entries = await first
        stop.set()
    assert [entry.position for entry in entries] == [1]
    await reads.close()


async def test_a_database_that_is_away_ends_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "AGAIN_SECONDS", 0.01)
    ear, nobody = Ear(), f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/zorgid"
    async with listening_to(nobody, ear):
        await asyncio.sleep(QUIET)
    assert not ear.heard


async def test_its_own_commits_are_not_told_to_a_process_again(
    postgres_cluster: PostgresCluster, database: str
) -> None:
    url, ear = postgres_cluster.url(database), Ear()
    store = Store.open(url, clock=SystemClock())
    async with listening_to(url, ear):
        await ear.next()
        for _ in range(3):
            await store.write(lambda session: session.record(STARTED, SYSTEM))
        await asyncio.sleep(QUIET)
        assert ear.heard == 1
        await commit_elsewhere(url)
        await ear.next()
    assert ear.heard == 2
    await store.close()


async def test_a_connection_that_was_ended_is_made_again(
    postgres_cluster: PostgresCluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "AGAIN_SECONDS", 0.05)
    url, ear = postgres_cluster.url(database), Ear()
    async with listening_to(url, ear):
        await ear.next()
        # Whatever came meanwhile was heard by nobody: whoever listens again looks at once.
        await end_and_take_its_descriptor(url, ear)
        await commit_elsewhere(url)
        await ear.next()
    async with asyncio.timeout(GENEROUS):
        while await asyncio.to_thread(listeners, url, end=False):  # noqa: ASYNC110 -- the server's
            await asyncio.sleep(0.05)


async def test_a_standby_tells_nothing_until_it_is_the_primary(
    postgres_cluster: PostgresCluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "AGAIN_SECONDS", 0.05)
    with replica_of(postgres_cluster) as replica:
        url, ear = replica.url(database), Ear()
        async with listening_to(url, ear):
            await asyncio.sleep(QUIET)
            assert ear.heard == 0
            await asyncio.to_thread(promote, url)
            await ear.next()
            await commit_elsewhere(url)
            await ear.next()


async def end_and_take_its_descriptor(url: str, ear: Ear) -> None:
    """End the connection that listens; the number it leaves is another connection's at once.

    Returns when another one listens, so that nothing is left to be done about the first.
    """
    ends: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: ends.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert listeners(url, end=True) == 1
    for _ in range(50):
        ends.append((await asyncio.open_connection("127.0.0.1", port))[1])
        await asyncio.sleep(0.001)
    async with asyncio.timeout(GENEROUS):
        while len(ends) < 100:  # noqa: ASYNC110 -- accepted by the event loop
            await asyncio.sleep(0.01)
    await ear.next()
    for each in ends:
        assert not each.is_closing()
        each.close()
        await each.wait_closed()
    server.close()


def promote(url: str) -> None:
    """Make the standby a primary, and wait until it is."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT pg_promote()")).scalar_one() is True
    engine.dispose()
