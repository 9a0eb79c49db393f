"""The store in a backup: an SQLite file, or what pg_dump made of a PostgreSQL database."""

import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pki.domain.errors import ConfigurationInvalid, IntegrityBroken
from pki.store.postgres.dump import check_dump, has_password, load_dump, scratch_database, snapshot
from pki.store.sqlite.snapshot import check_sqlite, copy_sqlite
from server.commands.backup.archive import Source
from server.commands.backup.contents import archived_name
from server.commands.backup.disk import disk_errors
from server.commands.backup.manifest import Manifest
from server.commands.backup.stored import StoreState, examine_store, issuers_of, state_of
from server.restored import MARKER
from server.settings import Settings

Say = Callable[[str], None]

DUMP: Final = "store.pgdump"
"""The name in a backup, by which a restore knows that it needs a database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCopy:
    """A private copy of the store, and what its journal says, verified at that very moment."""

    source: Source
    state: StoreState


@contextmanager
def store_copy(config: Path, settings: Settings, say: Say) -> Iterator[StoreCopy]:
    """Copy the store as it is now, while servers go on; the copy is gone at the end.

    It is not encrypted, and therefore on the disk that holds the store or the installation.

    Raises:
        ChainBroken: the journal does not verify.
        EnvironmentMissing: the store is in PostgreSQL, whose programs are not here.
        StoreUnavailable: the store cannot be read, or the copy not written.
    """
    store = settings.store.path
    root = config.resolve().parent
    parent = root if store is None else store.parent
    with (
        disk_errors(parent),
        tempfile.TemporaryDirectory(prefix=".backup-", dir=parent) as folder,
    ):
        say("copying the store as it is at this moment")
        if store is None:
            copy = Path(folder, DUMP)
            state = _dumped(settings, copy, say)
            yield StoreCopy(source=Source(name=DUMP, content=copy), state=state)
            return
        copy = Path(folder, store.name)
        copy_sqlite(store, copy, _tenths(say))
        state = examine_store(f"sqlite:///{copy}", issuers_of(settings), say)
        yield StoreCopy(source=Source(name=archived_name(store, root), content=copy), state=state)


def _dumped(settings: Settings, target: Path, say: Say) -> StoreState:
    """pg_dump sees the snapshot whose journal is verified here."""
    if target.parent.parent not in settings.secrets.parents:
        raise ConfigurationInvalid(
            key="secrets",
            message="with a store in PostgreSQL the secrets stand in the installation's folder",
            next_step="move them there: the mark of a restore is kept beside them",
        )
    with snapshot(settings.store.url) as held:
        held.dump(target)
        return state_of(held.session, issuers_of(settings), say)


def _tenths(say: Say) -> Callable[[int, int], None]:
    said = -1

    def progress(done: int, total: int) -> None:
        nonlocal said
        tenth = 10 * done // max(total, 1)
        if tenth > said:
            said = tenth
            say(f"  {done} of {total} pages")

    return progress


def refuse_password(database: str | None) -> None:
    """Refuse a URL whose password the process list shows.

    Raises:
        ConfigurationInvalid: it holds one, or is no URL of a store.
    """
    if database is not None and has_password(database):
        raise ConfigurationInvalid(
            key="--database",
            message="a password on the command line can be read by everyone on this computer",
            next_step="leave it out of the URL: libpq takes it from ~/.pgpass or PGPASSFILE",
        )


def put_back(folder: Path, manifest: Manifest, database: str | None, say: Say) -> Path:
    """Examine the unpacked store; where it is a dump, load it into its database first.

    ``database`` is the URL of that (an empty one); None is the one that the unpacked configuration
    names. The configuration then names it, and the dump is removed. Returns where the mark of the
    restore belongs.

    Raises:
        Conflict: the database is not empty.
        ConfigurationInvalid: ``database`` is given for an SQLite store, or cannot be entered.
        IntegrityBroken: the store is damaged, or not the one of the manifest.
        EnvironmentMissing, StoreUnavailable: as `load_dump`.
    """
    copy = folder / manifest.store
    if manifest.store != DUMP:
        if database is not None:
            raise ConfigurationInvalid(
                key="--database",
                message="the store in this backup is an SQLite file and needs no database",
                next_step="leave --database out",
            )
        examine_sqlite(copy, manifest, say)
        return copy.with_name(MARKER)
    config = folder / manifest.configuration
    _fill(copy, _entered(config, database), manifest, say)
    copy.unlink()
    secrets = Path(tomllib.loads(config.read_text("utf-8"))["secrets"])
    return (folder / secrets).parent / MARKER


def examine_sqlite(copy: Path, manifest: Manifest, say: Say) -> None:
    """Hold an unpacked SQLite store against the manifest.

    Raises:
        IntegrityBroken: it is damaged, its journal does not verify, or is of another moment.
    """
    say("examining the database")
    check_sqlite(copy)
    _compare(f"sqlite:///{copy}", manifest, say)


def try_in_scratch(copy: Path, beside: str, manifest: Manifest, name: str, say: Say) -> None:
    """Load a dump into a database of its own, examine it there, and drop that database.

    Raises:
        IntegrityBroken: as `put_back`.
        EnvironmentMissing, StoreUnavailable: as `load_dump`, or no database can be made there.
    """
    with scratch_database(beside, name) as url:
        _fill(copy, url, manifest, say)


def _fill(copy: Path, url: str, manifest: Manifest, say: Say) -> None:
    say("reading the copy of the database to its end")
    check_dump(copy)
    say("filling the empty database")
    load_dump(copy, url)
    _compare(url, manifest, say)


def _compare(url: str, manifest: Manifest, say: Say) -> None:
    state = examine_store(url, manifest.crls, say)
    found = (state.installation, state.kind, state.schema, state.head, dict(state.crls))
    claimed = (manifest.installation, manifest.kind, manifest.schema, manifest.head)
    if found != (*claimed, dict(manifest.crls)):
        raise IntegrityBroken(
            message="the store in the backup is not the one of its manifest",
            next_step="use another backup",
        )


def _entered(config: Path, database: str | None) -> str:
    """The URL that the configuration names; ``database``, if given, is written into it."""
    text = config.read_text("utf-8")
    named: str = tomllib.loads(text)["store"]["postgresql"]
    if database is None or database == named:
        return named
    if text.count(named) != 1:
        raise ConfigurationInvalid(
            key="store.postgresql",
            message="the restored configuration names its database in a way that is not understood",
            next_step="restore without --database, to the database that it names",
        )
    config.write_text(text.replace(named, database), "utf-8")
    return database
