"""`zorgid store`: a whole installation moved into PostgreSQL, and what cannot be moved."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fixtures.backup import answered, asked
from installed.practice import Practice
from pki.domain.journal import JournalHead
from pki.store.reading import ReadSession, ReadStore
from server.restored import MARKER, Restored, marker_path, write_marker
from server.settings import load

pytestmark = pytest.mark.postgres


def head_of(url: str) -> JournalHead:
    store = ReadStore.open(url, threads=1)
    try:
        return store.read_sync(ReadSession.head)
    finally:
        store.close_sync()


def mark(practice: Practice, confirmed: int | None) -> None:
    restored = Restored(
        backup_made_at="2026-11-22T00:00:00Z",
        restored_at="2026-11-22T01:00:00Z",
        position=1,
        digest="00",
        crl_number=1,
        confirmed_number=confirmed,
    )
    write_marker(marker_path(load(practice.config)), restored)


def test_an_installation_moves(practice: Practice, postgres_url: str) -> None:
    config, old = practice.config, practice.layout.root / "store/zorgid.sqlite3"
    config.chmod(0o640)
    before = asked("store", "show", "-c", str(config))
    mark(practice, confirmed=7)
    said = answered("store", "move", "--to", postgres_url, "-c", str(config))
    assert said.code == 0, said.stderr
    assert "copying journal: " in said.stderr
    assert f"{sum(before['rows'].values())} rows moved, read back and compared" in said.stdout
    after = asked("store", "show", "-c", str(config))
    assert after["store"].startswith("postgresql+psycopg://")
    assert (after["rows"], after["position"]) == (before["rows"], before["position"])
    assert asked("journal", "verify", "-c", str(config))["position"] == before["position"]
    assert (old.exists(), old.with_name("zorgid.sqlite3.moved").exists()) == (False, True)
    assert config.stat().st_mode & 0o777 == 0o640
    assert (practice.layout.root / MARKER).exists()
    again = answered("store", "move", "--to", postgres_url, "-c", str(config))
    assert (again.code, "is in PostgreSQL already" in again.stderr) == (2, True)


def test_stopped_before_the_configuration_it_goes_on(practice: Practice, postgres_url: str) -> None:
    config, old = practice.config, practice.layout.root / "store/zorgid.sqlite3"
    text = config.read_text("utf-8")
    first = asked("store", "move", "--to", postgres_url, "-c", str(config))
    config.write_text(text, "utf-8")
    Path(first["kept"]).rename(old)
    second = asked("store", "move", "--to", postgres_url, "-c", str(config))
    assert second == first | {"filled": False}
    assert head_of(postgres_url).position == first["position"]


@pytest.mark.parametrize(
    ("to", "code", "says"),
    [
        ("postgresql+psycopg://me:canary@/x", 2, "a password on the command line"),
        ("postgresql+psycopg:///x?password=canary", 2, "a password on the command line"),
        ("postgresql+psycopg://me@/x?host=/nowhere", 4, "//me@/x, where the store is to go,"),
        ("sqlite:////tmp/x.sqlite3", 2, "is not understood"),
        ("mysql://me@/x", 2, "postgresql+psycopg"),
    ],
)
def test_where_it_cannot_go(practice: Practice, to: str, code: int, says: str) -> None:
    text = practice.config.read_text("utf-8")
    answer = answered("store", "move", "--to", to, "-c", str(practice.config))
    assert answer.code == code
    assert says in answer.stderr
    assert "  next: " in answer.stderr
    assert "canary" not in answer.stderr
    assert practice.config.read_text("utf-8") == text
    assert asked("store", "show", "-c", str(practice.config))["store"].startswith("sqlite")


def test_a_restore_is_confirmed_first(practice: Practice, postgres_url: str) -> None:
    mark(practice, confirmed=None)
    answer = answered("store", "move", "--to", postgres_url, "-c", str(practice.config))
    assert (answer.code, "not yet confirmed" in answer.stderr) == (1, True)


def test_an_older_move_is_never_overwritten(practice: Practice, postgres_url: str) -> None:
    kept = practice.layout.root / "store/zorgid.sqlite3.moved"
    kept.write_bytes(b"kept")
    answer = answered("store", "move", "--to", postgres_url, "-c", str(practice.config))
    assert (answer.code, "was moved from here before" in answer.stderr) == (1, True)
    assert kept.read_bytes() == b"kept"


def test_an_upgrade_says_what_it_did(practice: Practice) -> None:
    words = ("store", "upgrade", "-c", str(practice.config))
    assert asked(*words) == {"from": "0001", "to": "0001", "position": None}
    back = answered(*words, "--back", "0000")
    assert (back.code, "cannot go back to 0000" in back.stderr) == (1, True)
    with closing(sqlite3.connect(practice.layout.store)) as store, store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
    newer = answered(*words)
    assert (newer.code, "newer than this release" in newer.stderr) == (1, True)
