"""The one writer: savepoints, answers after COMMIT, listeners first, failures, closing."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Iterator

import pytest
import sqlalchemy as sa

from pki.domain.errors import Conflict, IntegrityBroken, Refused, StoreUnavailable
from pki.domain.events import ServiceStarted
from pki.domain.journal import JournalEntry, JournalHead, verify_chain
from pki.domain.people import SYSTEM
from pki.domain.reasons import RefusalReason
from pki.store import writing
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import SetClock, card
from stores.steps import Gate

STARTED = ServiceStarted(roles="issuance", version="1.0")


def started(session: WriteSession) -> JournalEntry:
    return session.record(STARTED, SYSTEM)


async def settled(result: Awaitable[object]) -> object:
    """What came of it, be it an error."""
    try:
        return await result
    except Exception as error:  # noqa: BLE001 -- it is what the test looks at
        return error


def verified(session: ReadSession) -> JournalHead:
    return verify_chain(session.raw_journal())


def until_closing(store: Store) -> None:
    while not store._closing:
        time.sleep(0.001)


@pytest.fixture
def commits(store: Store) -> Iterator[list[int]]:
    """How many COMMITs the store made so far, one item for each."""
    seen: list[int] = []

    def note(_connection: object) -> None:
        seen.append(1)

    sa.event.listen(store._engine, "commit", note)
    yield seen
    sa.event.remove(store._engine, "commit", note)


async def test_what_waits_is_committed_together(store: Store, commits: list[int]) -> None:
    gate = Gate(store)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(store.write(started)) for _ in range(50)]
        await asyncio.sleep(0)
        gate.release()
    assert sorted(task.result().position for task in tasks) == list(range(1, 51))
    assert len(commits) == 2


async def test_a_refusal_undoes_itself_only(store: Store, read_store: ReadStore) -> None:
    def refused(session: WriteSession) -> None:
        session.put_card(card(2))
        session.record(STARTED, SYSTEM)
        raise Refused(reason=RefusalReason.CARD_STATE, message="no")

    def clashes(session: WriteSession) -> None:
        session.record(STARTED, SYSTEM)
        session.put_card(card(3, person=1))

    def swallows(session: WriteSession) -> None:
        try:
            clashes(session)
        except Conflict:
            session.record(STARTED, SYSTEM)

    gate = Gate(store)
    works = [
        lambda session: session.put_card(card(1)),
        refused,
        started,
        clashes,
        swallows,
        started,
    ]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(settled(store.write(work))) for work in works]
        await asyncio.sleep(0)
        gate.release()
    came = [task.result() for task in tasks]
    kinds = [type(None), Refused, JournalEntry, Conflict, Conflict, JournalEntry]
    assert [type(each) for each in came] == kinds
    assert [each.position for each in came if isinstance(each, JournalEntry)] == [1, 2]
    cards = await read_store.read(
        lambda session: [session.card(card(number).id) for number in (1, 2, 3)]
    )
    assert cards == [card(1), None, None]
    assert (await read_store.read(verified)).position == 2


async def test_a_change_sees_the_changes_before_it(store: Store) -> None:
    gate = Gate(store)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(store.write(started))
        second = group.create_task(
            store.write(lambda session: (session.head(), session.journal_after(0, 10)))
        )
        await asyncio.sleep(0)
        gate.release()
    entry = first.result()
    assert second.result() == (
        JournalHead(position=entry.position, digest=entry.digest),
        (entry,),
    )


async def test_many_loops_and_threads_write_one_chain(store: Store, read_store: ReadStore) -> None:
    async def several() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(store.write(started))

    def run() -> None:
        asyncio.run(several())
        for _ in range(10):
            store.write_sync(started)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(asyncio.to_thread(run))
        group.create_task(several())
    assert (await read_store.read(verified)).position == 90


async def test_two_stores_on_one_database_write_one_chain(
    store: Store, store_url: str, store_clock: SetClock, read_store: ReadStore
) -> None:
    other = Store.open(store_url, clock=store_clock)
    try:
        async with asyncio.TaskGroup() as group:
            for writer in [store, other] * 40:
                group.create_task(writer.write(started))
    finally:
        await other.close()
    assert (await read_store.read(verified)).position == 80


async def test_a_failing_database_fails_the_whole_transaction(
    store: Store, read_store: ReadStore
) -> None:
    def breaks(session: WriteSession) -> None:
        started(session)
        session._connection.exec_driver_sql("SELECT nothing")

    def fails(session: WriteSession) -> None:
        started(session)
        with session._statement():
            raise sa.exc.OperationalError("", {}, OSError("disk"))

    gate = Gate(store)
    works = [started, breaks, fails, started]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(settled(store.write(work))) for work in works]
        await asyncio.sleep(0)
        gate.release()
    errors = [task.result() for task in tasks]
    assert [type(error) for error in errors] == [StoreUnavailable] * 4
    assert len({id(error) for error in errors}) == 4
    assert (await read_store.read(verified)).position == 0
    assert (await store.write(started)).position == 1


@pytest.mark.parametrize(
    ("error", "code", "unknown"),
    [
        ("OperationalError", sqlite3.SQLITE_IOERR_FSYNC, True),
        ("OperationalError", sqlite3.SQLITE_FULL, False),
        ("IntegrityError", sqlite3.SQLITE_CONSTRAINT, False),
    ],
)
async def test_who_is_not_told_what_became_of_commit_may_repeat_it(
    store: Store,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: str,
    code: int,
    unknown: bool,
) -> None:
    """But a rule of the schema, which may be looked at only then, and a full disk say no."""
    dialect = store._engine.dialect

    def lost(_connection: object) -> None:
        cut = getattr(dialect.dbapi, error)("the line is cut")
        cut.sqlite_errorcode = code
        raise cut

    with monkeypatch.context() as patched:
        patched.setattr(dialect, "do_commit", lost)
        with pytest.raises(StoreUnavailable) as failed:
            await store.write(started)
    said = "all of it was recorded, or nothing" if unknown else "nothing of it was recorded"
    assert ("whether the change was recorded is not known" in failed.value.message) is unknown
    assert ("repeat the request under the same" in failed.value.next_step) is unknown
    assert [each.getMessage() for each in caplog.records if said in each.getMessage()]
    assert (await store.write(started)).position == 1


async def test_after_a_failure_a_change_reaches_the_database_no_more(store: Store) -> None:
    reached: list[str] = []

    def goes_on(session: WriteSession) -> None:
        for _ in range(2):
            try:
                with session._statement():
                    reached.append("once")
                    raise sa.exc.OperationalError("", {}, OSError("disk"))
            except StoreUnavailable:
                continue

    with pytest.raises(StoreUnavailable):
        await store.write(goes_on)
    assert reached == ["once"]


async def test_a_store_without_a_head_is_broken(store: Store, read_store: ReadStore) -> None:
    with store._engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM journal_head"))
    with pytest.raises(StoreUnavailable, match="journal head"):
        await store.write(started)
    with pytest.raises(IntegrityBroken, match="journal head"):
        await read_store.read(lambda session: session.head())


async def test_a_full_queue_refuses_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "QUEUE_LIMIT", 3)
    gate = Gate(store)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(store.write(started)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(StoreUnavailable, match="too many"):
            await store.write(started)
        gate.release()
    assert [task.result().position for task in tasks] == [1, 2, 3]


async def test_one_transaction_is_bounded(
    store: Store, commits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BATCH_LIMIT", 4)
    gate = Gate(store)
    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(store.write(started))
        await asyncio.sleep(0)
        gate.release()
    assert len(commits) == 1 + 3


async def test_who_gave_up_before_the_start_changed_nothing(
    store: Store, read_store: ReadStore
) -> None:
    gate = Gate(store)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(store.write(started))
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()
    gate.release()
    assert (await store.write(started)).position == 1
    assert (await read_store.read(verified)).position == 1


async def test_closing_answers_what_waits_and_refuses_the_rest(
    store_url: str, store_clock: SetClock, read_store: ReadStore
) -> None:
    store = Store.open(store_url, clock=store_clock)
    gate = Gate(store)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(store.write(started)) for _ in range(20)]
        await asyncio.sleep(0)
        group.create_task(store.close())
        await asyncio.to_thread(until_closing, store)
        with pytest.raises(StoreUnavailable, match="closing"):
            await store.write(started)
        gate.release()
    assert [task.result().position for task in tasks] == list(range(1, 21))
    assert (await read_store.read(verified)).position == 20
    await store.close()
