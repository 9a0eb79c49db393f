"""A store moved from SQLite into PostgreSQL: every row, whole or not at all."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from pki.domain.errors import (
    AlreadyRunning,
    Conflict,
    IntegrityBroken,
    SchemaMismatch,
    StoreUnavailable,
)
from pki.domain.journal import JournalHead, verify_chain
from pki.domain.status import OnHold
from pki.store.migrate import migrate
from pki.store.moving import copying
from pki.store.moving.copying import filled_with
from pki.store.moving.counts import counted_rows
from pki.store.moving.held import held_alone
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from server.report import progress
from stores.samples import NOON, SetClock, challenge, crl, organisation, person, session
from stores.steps import change, issue, put

pytestmark = pytest.mark.postgres


async def live(path: Path) -> None:
    """Something of most kinds happens."""
    store = Store.open(f"sqlite:///{path}", clock=SetClock())
    await store.write(lambda tx: tx.put_installation("00" * 16, "practice"))
    await issue(store, *range(1, 40))
    for number in (3, 30):
        await change(store, number, OnHold(since=NOON))
    for record in (person(1), organisation(1), organisation(2), challenge(1), session(1)):
        await put(store, record)
    await store.write(partial(WriteSession.put_crl, crl=crl(1), expected_previous=0))
    await store.write(lambda tx: tx.set_cursor("ldap", 2))
    await store.close()


@pytest.fixture(scope="module")
def lived_in(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("lived")))
    asyncio.run(live(path))
    with closing(sqlite3.connect(path)) as connection:  # a successor that stands before it
        connection.execute(
            "UPDATE organisations SET successor = (SELECT max(id) FROM organisations)"
        )
        connection.commit()
    return path


@pytest.fixture
def source(lived_in: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(lived_in, tmp_path))


def verified(url: str) -> JournalHead:
    reads = ReadStore.open(url, threads=1)
    try:
        return reads.read_sync(lambda each: verify_chain(each.raw_journal()))
    finally:
        reads.close_sync()


def moved(source: Path, url: str) -> bool:
    with held_alone(source) as here, filled_with(here, url, progress) as (_, filled):
        return filled


def objects(url: str) -> int:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        query = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        found = connection.execute(query).fetchone()
    assert found is not None
    return int(found[0])


def test_every_row_is_there_and_the_journal_verifies(source: Path, postgres_url: str) -> None:
    before, head = counted_rows(f"sqlite:///{source}"), verified(f"sqlite:///{source}")
    assert {name for name, count in before.items() if count} >= {
        "cards",
        "certificates",
        "crls",
        "crl_pieces",
        "cursors",
        "installation",
        "journal",
        "organisations",
        "persons",
        "status_intervals",
    }
    assert moved(source, postgres_url)
    assert counted_rows(postgres_url) == before
    assert verified(postgres_url) == head


async def test_it_goes_on_there(source: Path, postgres_url: str) -> None:
    moved(source, postgres_url)
    store = Store.open(postgres_url, clock=SetClock())
    position = await change(store, 5, OnHold(since=NOON))
    await issue(store, 100)
    await store.close()
    assert verified(postgres_url).position == position
    assert position == verified(f"sqlite:///{source}").position + 1


def test_again_it_finds_everything_there(source: Path, postgres_url: str) -> None:
    assert moved(source, postgres_url)
    assert not moved(source, postgres_url)


def test_the_old_store_goes_on_as_before(source: Path, postgres_url: str) -> None:
    moved(source, postgres_url)
    with closing(sqlite3.connect(source)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store = Store.open(f"sqlite:///{source}", clock=SetClock())
    store.write_sync(lambda tx: tx.set_cursor("ldap", 3))
    store.close_sync()


async def test_another_store_is_never_mixed_in(source: Path, postgres_url: str) -> None:
    migrate(postgres_url)
    store = Store.open(postgres_url, clock=SetClock())
    await issue(store, 1)
    await store.close()
    with pytest.raises(Conflict, match="only an empty one is filled"):
        moved(source, postgres_url)
    assert counted_rows(postgres_url)["cards"] == 1


def test_a_database_of_others_is_refused(source: Path, postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE theirs (id int)")
    with pytest.raises(Conflict, match="no store of this release"):
        moved(source, postgres_url)
    assert objects(postgres_url) == 1


@pytest.mark.parametrize("side", ["reader", "writer"])
def test_a_store_in_use_is_not_moved(side: str, source: Path, postgres_url: str) -> None:
    url = f"sqlite:///{source}"
    opened = Store.open(url, clock=SetClock()) if side == "writer" else ReadStore.open(url)
    try:
        with pytest.raises(AlreadyRunning, match="open"):
            moved(source, postgres_url)
    finally:
        opened.close_sync()
    assert objects(postgres_url) == 0
    assert moved(source, postgres_url)


def test_while_it_is_moved_nobody_opens_it(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pki.store.engine.BUSY_SECONDS", 0)
    with held_alone(source), pytest.raises(StoreUnavailable):
        ReadStore.open(f"sqlite:///{source}").read_sync(ReadSession.head)


def test_what_is_lost_on_the_way_undoes_everything(
    source: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = copying._rows

    def forgetful(table: copying._Table, connection: sa.Connection) -> Iterator[sa.Row[Any]]:
        rows = whole(table, connection)
        if table.name == "persons" and connection.dialect.name == "postgresql":
            next(rows)
        yield from rows

    monkeypatch.setattr(copying, "_rows", forgetful)
    with pytest.raises(IntegrityBroken, match="persons is not what was written"):
        moved(source, postgres_url)
    assert objects(postgres_url) == 0


def test_what_the_database_cannot_hold_undoes_everything(source: Path, postgres_url: str) -> None:
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("UPDATE persons SET surname = 'canary' || char(0)")
        connection.commit()
    with pytest.raises(IntegrityBroken) as refused:
        moved(source, postgres_url)
    assert "canary" not in str(refused.value)
    assert objects(postgres_url) == 0
    assert refused.value.next_step


def test_an_older_store_is_refused(source: Path, postgres_url: str) -> None:
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.commit()
    with pytest.raises(SchemaMismatch):
        moved(source, postgres_url)


def test_a_database_that_is_away_is_named_without_its_password(source: Path) -> None:
    away = "postgresql+psycopg://zorgid:geheim@127.0.0.1:1/cards?sslpassword=geheim"
    with pytest.raises(StoreUnavailable) as refused:
        moved(source, away)
    assert refused.value.message.startswith(
        "postgresql+psycopg://zorgid:***@127.0.0.1:1/cards, where the store is to go, cannot be"
    )
    assert "geheim" not in refused.value.message + refused.value.next_step


def test_a_path_without_a_store(tmp_path: Path, postgres_url: str) -> None:
    with pytest.raises(StoreUnavailable, match="no store at"):
        moved(tmp_path / "none.sqlite3", postgres_url)
    assert not list(tmp_path.iterdir())
