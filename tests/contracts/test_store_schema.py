"""Making, migrating and refusing a store."""

import os
import stat
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from pki.domain.errors import ConfigurationInvalid, SchemaMismatch, StoreUnavailable, ZorgidError
from pki.store import engine as engines
from pki.store import schema
from pki.store.engine import filesystem_kind, write_engine
from pki.store.migrate import migrate, schema_revision
from pki.store.reading import ReadStore
from pki.store.writing import Store
from stores.samples import SetClock


def opened(url: str) -> list[ZorgidError]:
    """What both sides say of a store that they must refuse."""
    errors: list[ZorgidError] = []
    for side in (lambda: Store.open(url, clock=SetClock()), lambda: ReadStore.open(url)):
        with pytest.raises(ZorgidError) as refused:
            side()
        errors.append(refused.value)
    return errors


def stamp(url: str, revision: str) -> None:
    engine = write_engine(url)
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
        )
    engine.dispose()


def test_the_tables_are_what_the_queries_expect(store_url: str) -> None:
    engine = write_engine(store_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_partial_indexes_are_partial(store_url: str, engine_name: str) -> None:
    option = f"{engine_name}_where"
    engine = write_engine(store_url)
    inspector = sa.inspect(engine)
    found = {
        index["name"]: index.get("dialect_options", {}).get(option) is not None
        for table in inspector.get_table_names()
        for index in inspector.get_indexes(table)
    }
    engine.dispose()
    expected = {
        index.name: index.dialect_options[engine_name]["where"] is not None
        for table in schema.metadata.tables.values()
        for index in table.indexes
    }
    assert {name: found[name] for name in expected} == expected
    assert any(expected.values())


def test_migrating_twice_changes_nothing(empty_url: str) -> None:
    assert migrate(empty_url) == schema.SCHEMA_REVISION
    assert migrate(empty_url) == schema.SCHEMA_REVISION
    assert schema_revision(empty_url) == schema.SCHEMA_REVISION


def test_migrating_at_the_same_time_is_one_migration(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The last waits for all the others, however long they take here.
    monkeypatch.setattr(engines, "BUSY_SECONDS", 120)
    results: list[str] = []
    threads = [
        threading.Thread(target=lambda: results.append(migrate(empty_url))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [schema.SCHEMA_REVISION] * 3


def test_a_store_without_schema_is_refused(empty_url: str, engine_name: str) -> None:
    if engine_name == "sqlite":
        Path(empty_url.removeprefix("sqlite:///")).touch()
    assert schema_revision(empty_url) is None
    for error in opened(empty_url):
        assert isinstance(error, SchemaMismatch)
        assert "no schema" in error.message
        assert "zorgid init" in error.next_step


@pytest.mark.parametrize("revision", ["0002", "9999", "abcd"])
def test_a_newer_store_is_refused(store_url: str, revision: str) -> None:
    stamp(store_url, revision)
    for error in opened(store_url):
        assert isinstance(error, SchemaMismatch)
        assert revision in error.message
        assert "release" in error.next_step
    with pytest.raises(SchemaMismatch, match=revision):
        migrate(store_url)
    assert schema_revision(store_url) == revision


def test_an_older_store_is_refused_until_it_is_migrated(store_url: str) -> None:
    stamp(store_url, "0000")
    for error in opened(store_url):
        assert isinstance(error, SchemaMismatch)
        assert "0000" in error.message
        assert "backup" in error.next_step


def test_a_missing_file_is_said_plainly(tmp_path: Path) -> None:
    for error in opened(f"sqlite:///{tmp_path}/none.sqlite3"):
        assert isinstance(error, StoreUnavailable)
        assert "there is no store" in error.message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////nowhere/at/all/zorgid.sqlite3", "/nowhere/at/all does not exist"),
        ("sqlite:///relative.sqlite3", "absolute"),
        ("sqlite://", "absolute"),
        ("sqlite:///:memory:", "absolute"),
        ("sqlite:////tmp/x.sqlite3?mode=memory", "must be"),
        ("sqlite+aiosqlite:////tmp/x.sqlite3", "must be"),
        ("postgresql://localhost/zorgid", "must be"),
        ("mysql://localhost/zorgid", "must be"),
        ("not a url", "cannot be read"),
    ],
)
def test_another_url_is_refused(url: str, said: str) -> None:
    for error in [*opened(url)]:
        assert isinstance(error, ConfigurationInvalid)
        assert said in error.message
        assert error.key == "store.url"
    with pytest.raises(ConfigurationInvalid):
        migrate(url)


@pytest.mark.postgres
def test_an_unreachable_server_is_unavailable(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://zorgid:secret-word@/zorgid?host={tmp_path}"
    for error in opened(url):
        assert isinstance(error, StoreUnavailable)
        assert "secret-word" not in f"{error} {error.next_step}"
        assert error.__cause__ is None
    with pytest.raises(StoreUnavailable):
        migrate(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "zorgid.sqlite3"
    path.write_bytes(b"not a database" * 100)
    for error in opened(f"sqlite:///{path}"):
        assert error.code in {"integrity-broken", "store-unavailable"}
        assert "database" in error.message
    assert path.read_bytes().startswith(b"not a database")


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        migrate(f"sqlite:///{tmp_path}/zorgid 100% #1.sqlite3")
    finally:
        os.umask(before)
    (path,) = tmp_path.glob("*.sqlite3")
    assert path.name == "zorgid 100% #1.sqlite3"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_sqlite_is_durable(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/zorgid.sqlite3"
    migrate(url)
    engine = write_engine(url)
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


MOUNTS = """\
overlay / overlay rw 0 0
proc /proc proc rw 0 0
server:/share /srv/zorg\\040id nfs4 rw 0 0
/dev/sdb1 /srv/zorg\\040id/local ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/zorgid", "overlay"),
        ("/srv/zorg id", "nfs4"),
        ("/srv/zorg id/store", "nfs4"),
        ("/srv/zorg id/local/store", "ext4"),
        ("/srv/zorg id2", "overlay"),
    ],
)
def test_the_file_system_of_a_folder_is_found(folder: str, kind: str) -> None:
    assert filesystem_kind(Path(folder), MOUNTS) == kind


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = f"server:/share {tmp_path} cifs rw 0 0\n"
    monkeypatch.setattr("pki.store.engine._mounts", lambda: mounts)
    with pytest.raises(ConfigurationInvalid, match="network file system \\(cifs\\)"):
        migrate(f"sqlite:///{tmp_path}/zorgid.sqlite3")
    assert not list(tmp_path.iterdir())
