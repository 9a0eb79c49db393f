"""A store in PostgreSQL: backed up while it is written, tried in a scratch database, put back."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures.backup import answered, asked, backed_up
from fixtures.postgres import PostgresCluster
from installed.practice import Practice
from issuance.register_organisation import NewOrganisation, record_organisation
from made.backups import write_recipient
from pki.domain.identifiers import Ura
from pki.domain.journal import JournalHead
from pki.domain.people import SYSTEM
from pki.ports import SystemClock, SystemEntropy
from pki.store.migrate import migrate
from pki.store.postgres.dump import load_dump, snapshot
from pki.store.postgres.programs import libpq
from pki.store.reading import ReadStore
from pki.store.writing import Store
from server.commands.backup.store_copy import DUMP
from server.restored import MARKER

pytestmark = [pytest.mark.postgres, pytest.mark.openssl]

INSTALLATION = "00" * 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A practice installation in a database, and a backup of it."""

    practice: Practice
    cluster: PostgresCluster
    url: str
    file: Path
    key: Path


def head_of(url: str) -> JournalHead:
    store = ReadStore.open(url, threads=1)
    try:
        return store.read_sync(lambda session: session.head())
    finally:
        store.close_sync()


def write_organisation(url: str, ura: str) -> None:
    """One more entry in the journal."""
    store = Store.open(url, clock=SystemClock())
    new = NewOrganisation(ura=Ura(ura), name="Huisartsenpraktijk De Linde")
    try:
        store.write_sync(lambda tx: record_organisation(tx, SystemEntropy(), new, SYSTEM))
    finally:
        store.close_sync()


@pytest.fixture
def database(postgres_cluster: PostgresCluster) -> Iterator[str]:
    """Another empty database."""
    name = postgres_cluster.create()
    yield postgres_cluster.url(name)
    postgres_cluster.drop(name)


@pytest.fixture
def kept(
    practice: Practice, postgres_cluster: PostgresCluster, postgres_url: str, tmp_path: Path
) -> Kept:
    migrate(postgres_url)
    store = Store.open(postgres_url, clock=SystemClock())
    store.write_sync(lambda tx: tx.put_installation(INSTALLATION, "practice"))
    store.close_sync()
    write_organisation(postgres_url, "90000111")
    practice.change(('path = "store/zorgid.sqlite3"', f'postgresql = "{postgres_url}"'))
    certificate, key = write_recipient(tmp_path, "first")
    file = tmp_path / "backup.cms"
    backed_up(practice, file, certificate)
    return Kept(practice=practice, cluster=postgres_cluster, url=postgres_url, file=file, key=key)


def test_a_backup_becomes_a_database_again(kept: Kept, database: str, tmp_path: Path) -> None:
    before = head_of(kept.url)
    target = tmp_path / "restored"
    words = ("restore", str(kept.file), str(target), "--key", str(kept.key))
    told = asked(*words, "--database", database)
    assert (told["manifest"]["position"], told["manifest"]["store"]) == (before.position, DUMP)
    assert head_of(database) == before
    assert not list(target.rglob(DUMP))
    config = target / "zorgid.toml"
    assert f'postgresql = "{database}"' in config.read_text("utf-8")
    refused = answered("serve", "--config", str(config), "--role", "status")
    assert refused.code == 1
    assert "restored to" in refused.stderr
    assert (target / MARKER).exists()
    confirmed = answered("restore-confirm", "--config", str(config), "--number", "7")
    assert (confirmed.code, "the next one of token-ca-g1 is above 7" in confirmed.stdout) == (
        1,
        True,
    )
    assert head_of(database).position == before.position + 1
    assert head_of(kept.url) == before


def test_a_drill_leaves_nothing_behind(kept: Kept, database: str, tmp_path: Path) -> None:
    write_organisation(kept.url, "90000112")
    before = databases(kept)
    words = ("backup-drill", str(kept.file), "--key", str(kept.key), "--scratch", str(tmp_path))
    drilled = asked(*words, "--database", database, "-c", str(kept.practice.config))
    assert {each["level"] for each in drilled["findings"]} == {"ok"}
    assert any("1 entries since" in each["text"] for each in drilled["findings"])
    assert databases(kept) == before
    assert not list(tmp_path.glob(".drill-*"))


def databases(kept: Kept) -> str:
    """By PostgreSQL's own program."""
    with libpq(kept.url) as (conninfo, _):
        words = (
            "psql",
            "--tuples-only",
            f"--dbname={conninfo}",
            "-c",
            "SELECT datname FROM pg_database",
        )
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_without_this_program(kept: Kept, tmp_path: Path) -> None:
    """OpenSSL, tar and pg_restore are enough."""
    opened = ("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(kept.file))
    plain = tmp_path / "plain.tar"
    subprocess.run([*opened, "-inkey", str(kept.key), "-out", str(plain)], check=True)
    subprocess.run(["tar", "-xf", str(plain), "-C", str(tmp_path), DUMP], check=True)
    listed = subprocess.run(
        ["pg_restore", "--list", str(tmp_path / DUMP)], capture_output=True, text=True, check=True
    )
    assert "TABLE DATA public journal " in listed.stdout


def test_what_is_written_meanwhile_is_not_in_it(kept: Kept, database: str, tmp_path: Path) -> None:
    with snapshot(kept.url) as held:
        seen = held.session.head()
        write_organisation(kept.url, "90000113")
        held.dump(tmp_path / DUMP)
        assert held.session.head() == seen
    assert (tmp_path / DUMP).stat().st_mode & 0o777 == 0o600
    load_dump(tmp_path / DUMP, database)
    assert head_of(database) == seen
    assert head_of(kept.url).position == seen.position + 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--database", "{url}"), 1, "only an empty one is filled"),
        ((), 1, "only an empty one is filled"),
        (("--database", "postgresql+psycopg://me:canary@/x"), 2, "a password on the command line"),
        (("--database", "postgresql+psycopg://me@/x?host=/nowhere"), 4, "cannot be read"),
        (("--database", "mysql://me@/x"), 2, "postgresql+psycopg"),
    ],
    ids=["full", "its own", "password", "unreachable", "another kind"],
)
def test_a_restore_that_cannot_be_leaves_no_folder(
    kept: Kept, tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    target = tmp_path / "restored"
    given = [word.format(url=kept.url) for word in words]
    answer = answered("restore", str(kept.file), str(target), "--key", str(kept.key), *given)
    assert answer.code == code
    assert says in answer.stderr
    assert "  next: " in answer.stderr
    assert "canary" not in answer.stderr
    assert not target.exists()


def test_a_drill_needs_a_server(kept: Kept) -> None:
    words = ("backup-drill", str(kept.file), "--key", str(kept.key))
    answer = answered(*words)
    assert answer.code == 2
    assert "give --database URL" in answer.stderr


def test_without_its_programs_it_says_what_to_install(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pki.store.postgres.programs._DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    words = ("backup", str(tmp_path / "new.cms"), "--to", str(tmp_path / "first.pem"))
    answer = answered(*words, "-c", str(kept.practice.config))
    assert answer.code == 3
    assert "pg_dump is not installed" in answer.stderr
    assert "postgresql-client" in answer.stderr
    assert not (tmp_path / "new.cms").exists()
    assert not list(kept.practice.layout.root.glob(".backup-*"))


def test_a_password_is_neither_in_the_process_list_nor_in_the_environment() -> None:
    url = "postgresql+psycopg://me:can%3Aar%5Cy@db.example:5433/x?sslmode=verify-full"
    with libpq(url) as (conninfo, environment):
        assert (
            conninfo == "host='db.example' dbname='x' user='me' port='5433' sslmode='verify-full'"
        )
        (name, value), *rest = environment.items()
        assert (name, rest) == ("PGPASSFILE", [])
        path = Path(value)
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_text("utf-8") == "*:*:*:*:can\\:ar\\\\y\n"
    assert not path.exists()
