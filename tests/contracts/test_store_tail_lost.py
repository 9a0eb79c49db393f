"""A follower that keeps nothing but memory begins anew when a loss is confirmed, and not before."""

import asyncio
import logging
import math
from asyncio import Task
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
import sqlalchemy as sa

from pki.domain.errors import StoreUnavailable
from pki.domain.events import ServiceStarted
from pki.domain.people import SYSTEM
from pki.store import schema
from pki.store.reading import ReadSession, ReadStore
from pki.store.tail import Contact, JournalTail
from pki.store.writing import Store, WriteSession
from stores.journal_cut import cut_to

POLL = 0.005

T = TypeVar("T")


class Follower:
    """Follows from what is so now, in a task of its own."""

    def __init__(self, reader: ReadStore) -> None:
        self._reader = reader
        self._tail = JournalTail(reader, POLL)
        self.contact = Contact()
        self.seen: list[int] = []

    async def run(self) -> None:
        start = await self._reader.read(ReadSession.follow_start)
        async for entries in self._tail.follow_from(start, self.contact):
            self.seen += [each.position for each in entries]

    async def has_begun(self) -> None:
        await until(lambda: self.contact.age() < math.inf)

    async def has_seen(self, position: int) -> None:
        await until(lambda: position in self.seen)

    async def is_broken(self) -> None:
        await until(lambda: self.contact.broken is not None)
        await asyncio.sleep(10 * POLL)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 -- a look in another thread
            await asyncio.sleep(POLL)


class Replica(ReadStore):
    """The store as a replica has it, until it takes over."""

    takes_over = False

    async def read(self, query: Callable[[ReadSession], T]) -> T:
        def asked(session: ReadSession) -> T:
            session.is_replica = lambda: not self.takes_over  # type: ignore[method-assign]  # a fake of what the server says
            return query(session)

        return await super().read(asked)


async def record(store: Store, version: str = "1") -> int:
    event = ServiceStarted(roles="issuance", version=version)
    return await store.write(lambda session: session.record(event, SYSTEM).position)


@asynccontextmanager
async def followed(store: Store, reader: ReadStore) -> AsyncIterator[tuple[Follower, Task[None]]]:
    """Somebody who has begun to follow a journal of one entry, and the task that does."""
    follower = Follower(reader)
    await record(store)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(follower.run())
        await follower.has_begun()
        yield follower, task


async def test_it_ends_when_what_it_read_is_lost_and_that_is_confirmed(
    store: Store, store_url: str, read_store: ReadStore
) -> None:
    async with followed(store, read_store) as (follower, task):
        await follower.has_seen(await record(store))
        cut_to(store_url, 1)
        assert await record(store, "another") == 2
        await follower.is_broken()
        assert not task.done()
        await store.write(WriteSession.confirm_history)
    # Nothing is answered before what there is now is followed.
    with pytest.raises(StoreUnavailable, match="another entry 2"):
        follower.contact.require_whole()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(follower.run())
        await until(lambda: follower.contact.broken is None)
        await follower.has_seen(await record(store))
        task.cancel()


async def test_a_confirmation_confirms_no_later_loss(
    store: Store, store_url: str, read_store: ReadStore
) -> None:
    async with followed(store, read_store) as (follower, task):
        await store.write(WriteSession.confirm_history)
        await follower.has_seen(await record(store))
        cut_to(store_url, 1)
        await follower.is_broken()
        assert not task.done()
        await store.write(WriteSession.confirm_history)


async def test_while_something_is_missing_nothing_is_confirmed(
    store: Store, store_url: str, read_store: ReadStore
) -> None:
    async with followed(store, read_store) as (follower, task):
        await follower.has_seen(await record(store))
        cut_to(store_url, 1, missing=9, confirmed=2**62)
        await follower.is_broken()
        assert not task.done()
        with store._engine.begin() as connection:
            connection.execute(sa.update(schema.journal_head), {"missing": None})


async def test_a_replica_that_is_behind_is_waited_for_and_another_copy_is_told_of(
    store: Store, store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither is answered from: what it says is known to be old, or may never have been."""
    caplog.set_level(logging.INFO, logger="pki.store.tail")
    replica = Replica.open(store_url)
    async with followed(store, replica) as (follower, task):
        await follower.has_seen(await record(store))
        cut_to(store_url, 1)
        await follower.is_broken()
        with pytest.raises(StoreUnavailable, match="replayed the journal to entry 1; entry 2 was"):
            follower.contact.require_whole()
        replica.takes_over = True
        await until(lambda: len(said(caplog)) > 1)
        with pytest.raises(StoreUnavailable, match="the journal ends before entry 2"):
            follower.contact.require_whole()
        replica.takes_over = False
        assert await record(store, "another") == 2
        await until(lambda: "another entry 2" in str(follower.contact.broken))
        task.cancel()
    waiting, another = said(caplog)
    assert waiting.startswith("nothing, if this passes; else look whether the replica streams")
    assert another.startswith("another copy of the store is in use")
    await replica.close()


async def test_a_replica_that_lacks_what_somebody_was_told_is_not_waited_for(
    store: Store, store_url: str
) -> None:
    replica = Replica.open(store_url)
    async with followed(store, replica) as (follower, task):
        await follower.has_seen(await record(store))
        cut_to(store_url, 1, missing=2)
        await follower.is_broken()
        with pytest.raises(StoreUnavailable, match="the journal ends before entry 2"):
            follower.contact.require_whole()
        task.cancel()
    await replica.close()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What to do, as it was logged."""
    return [each.__dict__["next_step"] for each in caplog.records if "next_step" in each.__dict__]
