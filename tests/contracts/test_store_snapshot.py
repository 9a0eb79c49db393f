"""A copy of an SQLite store is one moment of it, whatever is written meanwhile."""

from pathlib import Path

import pytest

from pki.domain.errors import IntegrityBroken, StoreUnavailable
from pki.domain.journal import JournalHead, verify_chain
from pki.domain.people import SYSTEM
from pki.store.reading import ReadSession, ReadStore
from pki.store.sqlite.snapshot import check_sqlite, copy_sqlite
from pki.store.writing import Store
from stores.samples import SetClock
from stores.steps import EVENT


@pytest.fixture
def source(migrated_sqlite: Path, tmp_path: Path) -> Path:
    path = tmp_path / "live.sqlite3"
    path.write_bytes(migrated_sqlite.read_bytes())
    return path


def heads(path: Path) -> tuple[JournalHead, JournalHead]:
    """As recorded, and as the chain proves."""

    def query(session: ReadSession) -> tuple[JournalHead, JournalHead]:
        return session.head(), verify_chain(session.raw_journal())

    store = ReadStore.open(f"sqlite:///{path}", threads=1)
    try:
        return store.read_sync(query)
    finally:
        store.close_sync()


def test_writing_goes_on_and_the_copy_stays_at_its_moment(source: Path, tmp_path: Path) -> None:
    store, steps = Store.open(f"sqlite:///{source}", clock=SetClock()), []

    def write(count: int) -> None:
        for _ in range(count):
            store.write_sync(lambda session: session.record(EVENT, SYSTEM))

    def progress(done: int, total: int) -> None:
        steps.append((done, total))
        write(3)

    try:
        write(50)
        before, _ = heads(source)
        copy = tmp_path / "copy.sqlite3"
        copy_sqlite(source, copy, progress, pages=4)
        after, _ = heads(source)
    finally:
        store.close_sync()
    assert len(steps) > 5
    assert steps[-1] == (steps[-1][1], steps[-1][1])
    assert heads(copy) == (before, before)
    assert after.position == before.position + 3 * len(steps)
    assert copy.stat().st_mode & 0o777 == 0o600
    check_sqlite(copy)


def test_nothing_is_replaced(source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(b"kept")
    with pytest.raises(StoreUnavailable):
        copy_sqlite(source, copy, lambda _done, _total: None)
    assert copy.read_bytes() == b"kept"


@pytest.mark.parametrize("content", [None, b"", b"no database" * 1000])
def test_what_is_no_store_leaves_no_copy(tmp_path: Path, content: bytes | None) -> None:
    source, copy = tmp_path / "live.sqlite3", tmp_path / "copy.sqlite3"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="the store cannot be copied"):
        copy_sqlite(source, copy, lambda _done, _total: None)
    assert not copy.exists()


def test_a_damaged_page_is_found(source: Path) -> None:
    octets = bytearray(source.read_bytes())
    octets[-4096 * 3 :] = bytes(range(256)) * 48
    source.write_bytes(octets)
    with pytest.raises((IntegrityBroken, StoreUnavailable)):
        check_sqlite(source)
