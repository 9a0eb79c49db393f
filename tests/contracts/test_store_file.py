"""A store whose file is taken away under the process that has it open."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pki.domain.errors import StoreUnavailable
from pki.domain.events import ServiceStarted
from pki.domain.people import SYSTEM
from pki.store.reading import ReadStore
from pki.store.writing import Store, WriteSession
from stores.samples import SetClock


def record(session: WriteSession) -> int:
    return session.record(ServiceStarted(roles="status", version="1"), SYSTEM).position


@pytest.mark.parametrize("how", ["deleted", "moved", "replaced"])
async def test_nothing_is_promised_into_a_file_that_is_gone(
    migrated_sqlite: Path, tmp_path: Path, store_clock: SetClock, how: str
) -> None:
    path, aside = tmp_path / "store.sqlite3", tmp_path / "aside.sqlite3"
    shutil.copyfile(migrated_sqlite, path)
    url = f"sqlite:///{path}"
    store, reader = Store.open(url, clock=store_clock), ReadStore.open(url)
    try:
        assert await store.write(record) == 1
        if how == "deleted":
            path.unlink()
        else:
            path.rename(aside)
        if how == "replaced":
            shutil.copyfile(migrated_sqlite, path)
        with pytest.raises(StoreUnavailable, match="moved, deleted or replaced") as caught:
            await store.write(record)
        assert "put the newest store back" in caught.value.next_step
        with pytest.raises(StoreUnavailable, match="moved, deleted or replaced"):
            await reader.read(lambda session: session.head())
        if how == "moved":
            aside.rename(path)
            assert await store.write(record) == 2
    finally:
        await store.close()
        await reader.close()


async def test_a_file_that_another_writes_is_waited_for_and_nothing_is_lost(
    migrated_sqlite: Path, tmp_path: Path, store_clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pki.store.engine.BUSY_SECONDS", 0)
    path = tmp_path / "store.sqlite3"
    shutil.copyfile(migrated_sqlite, path)
    store = Store.open(f"sqlite:///{path}", clock=store_clock)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="locked"):
                await store.write(record)
            other.execute("ROLLBACK")
        assert await store.write(record) == 1
    finally:
        await store.close()
