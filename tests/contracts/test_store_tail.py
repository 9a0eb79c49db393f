"""Following the journal while it grows, fails, and comes back."""

import asyncio
import logging
import math
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

import pytest
import sqlalchemy as sa

from pki.domain.errors import StoreUnavailable
from pki.domain.events import ServiceStarted
from pki.domain.journal import JournalEntry
from pki.domain.people import SYSTEM
from pki.store import schema
from pki.store.reading import ReadSession, ReadStore
from pki.store.tail import BATCH, Contact, JournalTail
from pki.store.writing import Store, WriteSession

T = TypeVar("T")
STARTED = ServiceStarted(roles="issuance", version="1.0")
NEVER = 3600.0
"""A pause so long that only a wake ends it."""


def several(count: int) -> Callable[[WriteSession], None]:
    def work(session: WriteSession) -> None:
        for _ in range(count):
            session.record(STARTED, SYSTEM)

    return work


async def collect(follower: AsyncIterator[Sequence[JournalEntry]], upto: int) -> list[int]:
    positions: list[int] = []
    async for batch in follower:
        assert 0 < len(batch) <= BATCH
        positions += [entry.position for entry in batch]
        if positions[-1] >= upto:
            return positions
    raise AssertionError("a tail has no end")


async def following(follower: AsyncIterator[Sequence[JournalEntry]]) -> list[int]:
    return [entry.position for entry in await anext(follower)]


class Failing(ReadStore):
    """The same store, unreachable whenever it is told so."""

    broken = False
    looks = 0
    after_look: Callable[[], Awaitable[None]] | None = None

    async def read(self, query: Callable[[ReadSession], T]) -> T:
        self.looks += 1
        if self.broken:
            raise StoreUnavailable(message="gone", next_step="wait")
        found = await super().read(query)
        if self.after_look is not None:
            await self.after_look()
        return found


class Watched(Contact):
    """Says when it was marked."""

    def __init__(self) -> None:
        super().__init__()
        self.marked = asyncio.Event()

    def mark(self, began: float) -> None:
        super().mark(began)
        assert self.age() < math.inf
        self.marked.set()


async def test_what_was_there_and_what_comes_in_order_and_once(
    store: Store, read_store: ReadStore
) -> None:
    await store.write(several(1234))
    tail = JournalTail(read_store, poll_seconds=0.01)
    chance = random.Random(3)

    async def write() -> None:
        for _ in range(60):
            await store.write(several(chance.randrange(4)))
            await asyncio.sleep(chance.random() * 0.004)
        await store.write(several(1))

    async with asyncio.TaskGroup() as group:
        one = group.create_task(collect(tail.follow(0), 1290))
        two = group.create_task(collect(tail.follow(1000), 1290))
        group.create_task(write())
    assert one.result() == list(range(1, one.result()[-1] + 1))
    assert two.result() == list(range(1001, two.result()[-1] + 1))


async def test_a_wake_ends_the_pause(store: Store, read_store: ReadStore) -> None:
    tail = JournalTail(read_store, poll_seconds=NEVER)
    store.on_commit(lambda entries: tail.wake())
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        followers = [group.create_task(collect(tail.follow(0), 5)) for _ in range(3)]
        for _ in range(5):
            await store.write(several(1))
            await asyncio.sleep(0.01)
    assert [task.result() for task in followers] == [[1, 2, 3, 4, 5]] * 3


async def test_a_wake_during_the_look_is_not_lost(store: Store, store_url: str) -> None:
    reads = Failing.open(store_url)
    tail = JournalTail(reads, poll_seconds=NEVER)

    async def write_and_wake() -> None:
        reads.after_look = None
        await store.write(several(1))
        tail.wake()

    reads.after_look = write_and_wake
    async with asyncio.timeout(120):
        assert await following(tail.follow(0)) == [1]
    await reads.close()


async def test_between_wakes_it_rests(store: Store, store_url: str) -> None:
    reads = Failing.open(store_url)
    tail = JournalTail(reads, poll_seconds=NEVER)
    follower, looked = tail.follow(0), asyncio.Event()

    async def note() -> None:
        looked.set()

    reads.after_look = note
    async with asyncio.TaskGroup() as group:
        first = group.create_task(following(follower))
        await looked.wait()
        await store.write(several(1))
        tail.wake()
    assert first.result() == [1]
    before = reads.looks
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await following(follower)
    assert reads.looks - before == 1
    await reads.close()


async def test_a_failing_store_ends_nothing(
    store: Store, store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="pki.store.tail")
    reads = Failing.open(store_url)
    tail = JournalTail(reads, poll_seconds=0.005)
    assert tail.last_contact == -math.inf
    await store.write(several(2))
    follower = tail.follow(0)
    assert await following(follower) == [1, 2]
    assert time.monotonic() >= tail.last_contact > -math.inf
    reads.broken = True
    contact = tail.last_contact
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(following(follower))
        await store.write(several(1))
        async with asyncio.timeout(60):
            while not caplog.records:  # noqa: ASYNC110 -- a look in another thread
                await asyncio.sleep(0.005)
        assert not waiting.done()
        assert tail.last_contact == contact
        reads.broken = False
    assert waiting.result() == [3]
    assert tail.last_contact > contact
    texts = [record.getMessage() for record in caplog.records]
    assert texts == [
        "the journal cannot be followed; trying again",
        "the journal can be followed again",
    ]
    await reads.close()


async def test_a_journal_that_lost_its_end_is_no_contact(
    store: Store, read_store: ReadStore, caplog: pytest.LogCaptureFixture
) -> None:
    await store.write(several(2))
    tail = JournalTail(read_store, poll_seconds=0.005)
    follower = tail.follow(7)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(following(follower))
        async with asyncio.timeout(60):
            while "cannot be followed" not in caplog.text:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.005)
        assert tail.last_contact == -math.inf
        await store.write(several(6))
    assert waiting.result() == [8]


async def test_a_hole_is_never_stepped_over(
    store: Store, read_store: ReadStore, engine_name: str
) -> None:
    await store.write(several(3))
    guard = "DROP TRIGGER journal_delete"
    if engine_name == "postgresql":
        guard = "ALTER TABLE journal DISABLE TRIGGER ALL"
    with store._engine.begin() as connection:
        connection.execute(sa.text(guard))
        connection.execute(sa.text("DELETE FROM journal WHERE position = 2"))
    tail = JournalTail(read_store, poll_seconds=0.005)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await anext(tail.follow(1))
    assert tail.last_contact == -math.inf


async def test_another_journal_than_was_followed_is_no_contact(
    store: Store, read_store: ReadStore
) -> None:
    await store.write(several(2))
    tail, contact = JournalTail(read_store, poll_seconds=0.005), Contact()
    follower = tail.follow(2, contact)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(following(follower))
        async with asyncio.timeout(60):
            while contact.age() == math.inf:  # noqa: ASYNC110 -- a look in another thread
                await asyncio.sleep(0.005)
        contact.require_whole()
        # A database took over that has another second entry.
        with store._engine.begin() as connection:
            other = {"digest": bytes(32)}
            connection.execute(sa.update(schema.journal_head), other)
        async with asyncio.timeout(60):
            while contact.broken is None:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.005)
        waiting.cancel()
    with pytest.raises(StoreUnavailable, match="another entry 2"):
        contact.require_whole()


async def test_head_is_where_the_journal_ends(store: Store, read_store: ReadStore) -> None:
    tail = JournalTail(read_store)
    await store.write(several(4))
    assert (await tail.head()).position == 4


async def test_who_is_behind_has_no_contact(store: Store, read_store: ReadStore) -> None:
    await store.write(several(2 * BATCH + 1))
    tail = JournalTail(read_store, poll_seconds=0.01)
    behind, abreast = Contact(), Watched()
    follower = tail.follow(0, behind)
    for _ in range(2):
        assert len(await following(follower)) == BATCH
        assert tail.last_contact == -math.inf
    async with asyncio.TaskGroup() as group:
        other = group.create_task(following(tail.follow(2 * BATCH + 1, abreast)))
        await abreast.marked.wait()
        assert behind.age() == math.inf
        other.cancel()
    assert await following(follower) == [2 * BATCH + 1]


async def test_contact_counts_from_when_all_was_dealt_with(
    store: Store, read_store: ReadStore
) -> None:
    await store.write(several(1))
    contact, dealt_with = Watched(), asyncio.Event()
    tail = JournalTail(read_store, poll_seconds=0.005)

    async def deal() -> None:
        async for _ in tail.follow(0, contact):
            assert contact.age() == math.inf
            await dealt_with.wait()

    async with asyncio.TaskGroup() as group:
        dealing = group.create_task(deal())
        await asyncio.sleep(0.05)
        assert contact.age() == math.inf
        dealt_with.set()
        await contact.marked.wait()
        dealing.cancel()
