"""The writing side, the reading side, and who hears of a change."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from pki.domain.events import ServiceStarted
from pki.domain.journal import JournalEntry, JournalHead, verify_chain
from pki.domain.people import SYSTEM
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import card

STARTED = ServiceStarted(roles="issuance", version="1.0")


ROOT = Path(__file__).resolve().parents[2]


def started(session: WriteSession) -> JournalEntry:
    return session.record(STARTED, SYSTEM)


def verified(session: ReadSession) -> JournalHead:
    return verify_chain(session.raw_journal())


async def test_listeners_hear_of_it_after_commit_and_before_the_writer(
    store: Store, read_store: ReadStore
) -> None:
    heard: list[object] = []

    def listen(entries: Sequence[JournalEntry]) -> None:
        heard.append([entry.position for entry in entries])
        heard.append(read_store.read_sync(lambda session: session.head().position))

    def fail(entries: Sequence[JournalEntry]) -> None:
        heard.append("failing")
        raise LookupError

    store.on_commit(fail)
    store.on_commit(listen)
    await store.write(lambda session: [started(session) for _ in range(2)])
    heard.append("answered")
    assert heard == ["failing", [1, 2], 2, "answered"]
    await store.write(lambda session: None)
    assert heard[4:] == []


async def test_listeners_hear_of_it_before_a_writer_of_another_loop(store: Store) -> None:
    heard: list[str] = []
    store.on_commit(lambda entries: heard.append("told"))

    def elsewhere() -> None:
        asyncio.run(store.write(started))
        heard.append("answered")

    def in_a_thread() -> None:
        store.write_sync(started)
        heard.append("answered")

    await asyncio.to_thread(elsewhere)
    await asyncio.to_thread(in_a_thread)
    assert heard == ["told", "answered"] * 2


async def test_a_listener_of_an_ended_loop_stops_nobody(store: Store) -> None:
    async def register() -> None:
        store.on_commit(lambda entries: None)

    await asyncio.to_thread(lambda: asyncio.run(register()))
    assert (await store.write(started)).position == 1


async def test_a_listener_needs_an_event_loop(store: Store) -> None:
    with pytest.raises(RuntimeError):
        await asyncio.to_thread(store.on_commit, lambda entries: None)


async def test_reading_does_not_wait_for_writing(store: Store, read_store: ReadStore) -> None:
    await store.write(started)
    entered, leave = threading.Event(), threading.Event()

    def long(session: WriteSession) -> None:
        if session._connection.dialect.name == "postgresql":
            # It may be held up for longer than a server would be waited for.
            session._connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        started(session)
        session.put_card(card(1))
        entered.set()
        assert leave.wait(120)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(store.write(long))
        await asyncio.to_thread(entered.wait, 120)
        during = await read_store.read(
            lambda session: (verified(session), session.card(card(1).id))
        )
        assert (during[0].position, during[1]) == (1, None)
        assert not task.done()
        leave.set()
    after = await read_store.read(lambda session: (verified(session), session.card(card(1).id)))
    assert (after[0].position, after[1]) == (2, card(1))


async def test_a_query_sees_one_moment(store: Store, read_store: ReadStore) -> None:
    await store.write(started)

    def twice(session: ReadSession) -> list[int]:
        before = session.head().position
        store.write_sync(started)
        return [before, session.head().position, len(session.journal_after(0, 10))]

    assert await read_store.read(twice) == [1, 1, 1]
    assert await read_store.read(lambda session: session.head().position) == 2


async def test_the_reading_side_cannot_write(store: Store, read_store: ReadStore) -> None:
    with (
        pytest.raises(sa.exc.DBAPIError, match=r"read-?only|readonly"),
        read_store._engine.begin() as connection,
    ):
        connection.execute(sa.text("UPDATE journal_head SET position = 5"))
    assert (await store.write(started)).position == 1


def test_the_reading_side_loads_nothing_that_writes() -> None:
    program = (
        "import sys, pki.store.reading, pki.store.tail\n"
        "loaded = [name for name in sys.modules if name.startswith(('pki.store.', 'alembic'))]\n"
        "print(' '.join(sorted(loaded)))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert "pki.store.reading" in loaded
    writers = {"writing", "write_session", "transaction", "migrate"}
    assert not loaded & {f"pki.store.{name}" for name in writers}
    assert not [name for name in loaded if name.startswith("alembic")]
