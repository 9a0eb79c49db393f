"""The journal as the store keeps it: order, chain, events, and the guards around it."""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from enum import Enum
from typing import Any

import pytest
import sqlalchemy as sa

from pki.domain.errors import ChainBroken, Refused
from pki.domain.event_codec import EVENT_TYPES, _field_types
from pki.domain.events import Event, InstallationCreated, RequestRefused, ServiceStarted
from pki.domain.identifiers import SerialNumber
from pki.domain.journal import GENESIS, JournalEntry, JournalHead, to_raw, verify_chain
from pki.domain.people import SYSTEM, Actor, Role
from pki.domain.reasons import RefusalReason
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import NOON, URA, SetClock, opaque

STARTED = ServiceStarted(roles="issuance", version="1.0")
REST = "at, actor, ura, kind, payload, previous, digest"
OPERATOR = Actor(role=Role.BEHEERDER, id=opaque(7), ura=URA)


def started(session: WriteSession) -> JournalEntry:
    return session.record(STARTED, SYSTEM)


def whole(session: ReadSession) -> tuple[JournalEntry, ...]:
    return session.journal_after(0, 1_000_000)


def verified(session: ReadSession) -> JournalHead:
    return verify_chain(session.raw_journal())


def samples(cls: type[Event]) -> list[Event]:
    """An event of this class with every optional field, and one without."""
    full: dict[str, object] = {}
    bare: dict[str, object] = {}
    for field in fields(cls):
        plain, optional = _field_types(cls.KIND)[field.name]
        full[field.name] = value = sample(plain)
        bare[field.name] = None if optional else value
    return [cls(**full), cls(**bare)]


def sample(plain: type[Any]) -> object:
    known: dict[str, object] = {
        "str": "tekst \"ë\" 'x' \\ {}",
        "int": 9_000_000_000,
        "datetime": NOON + timedelta(microseconds=1),
        "SerialNumber": SerialNumber(1 << 157),
        "IssuerId": "token-ca-g1",
        "Ura": "90000111",
    }
    value = known.get(plain.__name__, opaque(5))
    if issubclass(plain, Enum):
        return next(iter(plain))
    if plain.__name__ in {"str", "int", "datetime", "SerialNumber"}:
        return value
    return plain(value)


def test_there_is_a_sample_of_every_field() -> None:
    assert {type(each) for cls in EVENT_TYPES.values() for each in samples(cls)} == set(
        EVENT_TYPES.values()
    )


@pytest.mark.parametrize("count", [1, 3])
async def test_every_character_comes_back_as_it_went(
    count: int, store: Store, read_store: ReadStore
) -> None:
    """Rows go past SQLAlchemy, many of them by COPY, where some characters mean something."""
    odd = Actor(role=Role.BEHEERDER, id="\\N \\. \t\r\n \"'%s{}; ë \u2028 \U0001f600", ura=None)
    text = "\\N\t\\\n%(x)s ?"
    events = [ServiceStarted(roles=text, version=str(each)) for each in range(count)]
    made = await store.write(lambda session: session.record_all(events, odd))
    assert await read_store.read(whole) == made
    assert [entry.actor for entry in made] == [odd] * count
    assert (await read_store.read(verified)).position == count


async def test_an_empty_journal_ends_at_genesis(read_store: ReadStore) -> None:
    genesis = JournalHead(position=0, digest=GENESIS)
    assert await read_store.read(lambda session: session.head()) == genesis
    assert await read_store.read(verified) == genesis
    assert await read_store.read(whole) == ()


async def test_every_event_comes_back_as_it_was(store: Store, read_store: ReadStore) -> None:
    events = [each for cls in EVENT_TYPES.values() for each in samples(cls)]
    actors = [SYSTEM, OPERATOR]

    def record(session: WriteSession) -> list[JournalEntry]:
        return [session.record(event, actors[n % 2]) for n, event in enumerate(events)]

    written = await store.write(record)
    assert [entry.event for entry in written] == events
    assert list(await read_store.read(whole)) == written
    raw = await read_store.read(lambda session: list(session.raw_journal()))
    assert raw == [to_raw(entry) for entry in written]
    assert await read_store.read(verified) == JournalHead(
        position=len(events), digest=written[-1].digest
    )


async def test_two_hundred_writers_and_their_refusals_leave_no_gap(
    store: Store, read_store: ReadStore
) -> None:
    chance = random.Random(2)
    plan = [(number, chance.random() < 0.4, chance.randrange(3)) for number in range(200)]

    async def change(number: int, refused: bool, entries: int) -> Sequence[JournalEntry]:
        def work(session: WriteSession) -> list[JournalEntry]:
            actor = Actor(role=Role.HOLDER, id=str(number))
            recorded = [session.record(STARTED, actor) for _ in range(entries)]
            if refused:
                raise Refused(reason=RefusalReason.CARD_STATE, message=str(number))
            return recorded

        if not refused:
            return await store.write(work)
        with pytest.raises(Refused, match=f"^{number}$"):
            await store.write(work)
        return ()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(change(*each)) for each in plan]
    answered = [entry for task in tasks for entry in task.result()]
    journal = await read_store.read(whole)
    assert sorted(answered, key=lambda entry: entry.position) == list(journal)
    assert [entry.position for entry in journal] == list(range(1, len(journal) + 1))
    assert len(journal) == sum(entries for _, refused, entries in plan if not refused)
    assert (await read_store.read(verified)).position == len(journal)


async def test_time_never_runs_backward_in_the_journal(
    store: Store,
    store_clock: SetClock,
    read_store: ReadStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = await store.write(started)
    assert "the clock" not in caplog.text
    store_clock.forward(-3600)
    second = await store.write(started)
    store_clock.forward(7200)
    third = await store.write(started)
    assert (first.at, second.at) == (NOON, NOON)
    assert caplog.text.count("the clock is behind the journal") == 1
    assert third.at == NOON + timedelta(hours=1)
    assert (await read_store.read(whole))[1].at == NOON


async def test_pages_of_the_journal_join(store: Store, read_store: ReadStore) -> None:
    await store.write(lambda session: [started(session) for _ in range(25)])
    pages = await read_store.read(
        lambda session: [session.journal_after(after, 10) for after in (0, 10, 20, 25)]
    )
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert tuple(entry for page in pages for entry in page) == await read_store.read(whole)
    tail = await read_store.read(lambda session: list(session.raw_journal(after=20, limit=3)))
    assert [entry.position for entry in tail] == [21, 22, 23]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET kind = 'x' WHERE position = 2",
        "DELETE FROM journal WHERE position = 3",
        "DELETE FROM journal",
        "INSERT INTO journal SELECT 5, {} FROM journal WHERE position = 3",
        "INSERT INTO journal SELECT 4, {} FROM journal WHERE position = 3",
        "INSERT INTO journal SELECT 2, {} FROM journal WHERE position = 2",
    ],
)
async def test_the_database_refuses_to_touch_the_journal(
    store: Store, read_store: ReadStore, statement: str
) -> None:
    await store.write(lambda session: [started(session) for _ in range(3)])
    before = await read_store.read(whole)
    with (
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
        store._engine.begin() as connection,
    ):
        connection.execute(sa.text(statement.format(REST)))
    assert await read_store.read(whole) == before


async def test_sqlite_replaces_no_entry(store: Store, engine_name: str) -> None:
    await store.write(lambda session: [started(session) for _ in range(3)])
    truncate = "TRUNCATE journal CASCADE"
    replace = "INSERT OR REPLACE INTO journal SELECT * FROM journal WHERE position = 3"
    with (
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
        store._engine.begin() as connection,
    ):
        connection.execute(sa.text(replace if engine_name == "sqlite" else truncate))


@pytest.mark.parametrize(
    ("change", "position"),
    [
        ("UPDATE journal SET ura = '90000112' WHERE position = 2", 2),
        ("UPDATE journal SET at = 9000000000000000000 WHERE position = 2", 2),
        ("UPDATE journal SET payload = '{}' WHERE position = 3", 3),
        ("UPDATE journal SET payload = '{' WHERE position = 3", 3),
        ("UPDATE journal SET payload = '[]' WHERE position = 3", 3),
        ("UPDATE journal SET payload = payload || ' ' WHERE position = 1", 1),
        ("UPDATE journal SET previous = digest WHERE position = 2", 2),
        ("DELETE FROM journal WHERE position = 2", 2),
    ],
)
async def test_who_gets_past_the_guards_is_found(
    store: Store, read_store: ReadStore, engine_name: str, change: str, position: int
) -> None:
    await store.write(lambda session: [started(session) for _ in range(3)])
    with store._engine.begin() as connection:
        for statement in unguarded(engine_name):
            connection.execute(sa.text(statement))
        connection.execute(sa.text(change))
    with pytest.raises(ChainBroken) as broken:
        await read_store.read(verified)
    assert broken.value.position == position


def unguarded(engine_name: str) -> list[str]:
    if engine_name == "sqlite":
        return ["DROP TRIGGER journal_update", "DROP TRIGGER journal_delete"]
    return ["ALTER TABLE journal DISABLE TRIGGER ALL"]


async def test_the_stored_payload_is_the_hashed_text(store: Store) -> None:
    refusal = RequestRefused(reason=RefusalReason.PASS_EXPIRED, pass_digest=None, card=None)
    await store.write(lambda session: session.record(refusal, SYSTEM))
    with store._engine.connect() as connection:
        text = connection.execute(sa.text("SELECT payload FROM journal")).scalar_one()
    assert text == '{"card":null,"pass_digest":null,"reason":"pass-expired"}'
    assert json.loads(text)["reason"] == "pass-expired"


async def test_an_installation_is_named_once(store: Store, read_store: ReadStore) -> None:
    created = InstallationCreated(kind="practice", installation=opaque(9))

    def work(session: WriteSession) -> None:
        session.put_installation(created.installation, created.kind)
        session.record(created, SYSTEM)

    assert await read_store.read(lambda session: session.installation()) is None
    await store.write(work)
    with pytest.raises(Exception, match="refuses a second one"):
        await store.write(work)
    named = await read_store.read(lambda session: session.installation())
    assert named == (created.installation, "practice")
    assert len(await read_store.read(whole)) == 1
