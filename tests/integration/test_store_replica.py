"""A node on a replica of PostgreSQL: exact while the replica keeps up, cut off when it does not."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from fixtures.postgres import PostgresCluster
from pki.domain.errors import StoreUnavailable
from pki.domain.events import ServiceStarted
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.people import SYSTEM
from pki.ports import SystemClock
from pki.store.reading import ReadStore
from pki.store.tail import Contact, JournalTail
from pki.store.writing import Store
from server.process.heartbeat import Heartbeat
from server.status_source.source import FollowedStatus
from strangers.postgres_replica import replica_of

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

ISSUER = IssuerId("token-ca-g1")
STARTED = ServiceStarted(roles="issuance", version="1.0")
LOOKS = 1200


@dataclass
class Node:
    """What a status node has of the store."""

    source: FollowedStatus
    contact: Contact
    positions: list[int] = field(default_factory=list)

    async def answers(self) -> bool:
        """Whether it would answer; of a serial that was never issued."""
        try:
            assert await self.source.status(ISSUER, SerialNumber(4711)) is None
        except StoreUnavailable:
            return False
        return True

    async def cut_off(self) -> bool:
        return not await self.answers()

    async def waits(self) -> bool:
        """Whether it knows that its replica is only behind what it saw in another database."""
        return "replayed the journal to entry 2; entry 3" in str(self.contact.broken)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(LOOKS):
        if await holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("never came")


@asynccontextmanager
async def node_on(url: str, after: int = 0) -> AsyncIterator[Node]:
    clock, contact = SystemClock(), Contact()
    store = ReadStore.open(url)
    node = Node(FollowedStatus(store, contact, clock=clock, fresh_seconds=2.0), contact)
    tail = JournalTail(store, poll_seconds=0.05, clock=clock)

    async def follow() -> None:
        async for entries in tail.follow(after, contact):
            node.positions += [entry.position for entry in entries]

    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(follow())
        yield node
        following.cancel()
    await store.close()


@asynccontextmanager
async def beating(store: Store) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Heartbeat(store, SystemClock()).run(stop))
        yield
        stop.set()


def tell(url: str, statement: str) -> None:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


async def entry(store: Store) -> None:
    await store.write(lambda session: session.record(STARTED, SYSTEM))


async def test_who_reads_a_replica_knows_when_it_is_behind(
    postgres_cluster: PostgresCluster, migrated_postgres: str
) -> None:
    name = postgres_cluster.create(template=migrated_postgres)
    store = Store.open(postgres_cluster.url(name), clock=SystemClock())
    with replica_of(postgres_cluster) as replica:
        async with node_on(replica.url(name)) as node:
            await entry(store)
            assert await node.cut_off()
            assert math.isinf(node.contact.age())
            async with beating(store):
                await until(node.answers)
                await entry(store)
                await until(lambda: seen(node, [1, 2]))

                tell(replica.url(name), "SELECT pg_wal_replay_pause()")
                await until(node.cut_off)
                await entry(store)
                async with node_on(replica.url(name), after=3) as ahead:
                    await until(ahead.waits)
                tell(replica.url(name), "SELECT pg_wal_replay_resume()")
                await until(node.answers)
                await until(lambda: seen(node, [1, 2, 3]))
            await until(node.cut_off)
        async with node_on(postgres_cluster.url(name)) as primary:
            # Where nothing lies between, no heartbeat is needed.
            assert await primary.answers()
            await until(lambda: seen(primary, [1, 2, 3]))
            postgres_cluster.drop(name)
            await until(primary.cut_off)
    await store.close()


async def seen(node: Node, positions: list[int]) -> bool:
    return node.positions == positions
