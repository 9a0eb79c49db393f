"""One moment of a PostgreSQL store as a file of its own, and a database made from such a file."""

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, text

from pki.domain.errors import Conflict, IntegrityBroken, StoreUnavailable
from pki.store.engine import BUSY_SECONDS, check_revision, parse_url, read_engine
from pki.store.failures import translating
from pki.store.postgres.programs import run_program
from pki.store.reading import ReadSession

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_OBJECTS: Final = (
    "SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
    " WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One moment of the store: ``session`` reads it, and pg_dump sees the same by ``identity``."""

    session: ReadSession
    identity: str
    url: str

    def dump(self, target: Path) -> None:
        """Write it to a new file, for its owner alone, in pg_dump's custom format.

        Raises:
            EnvironmentMissing: pg_dump is not installed.
            StoreUnavailable: it failed; the file is worthless.
        """
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        words = ("--format=custom", f"--snapshot={self.identity}", f"--file={target}")
        run_program("pg_dump", words, self.url)
        check_dump(target)


@contextmanager
def snapshot(url: str) -> Iterator[Snapshot]:
    """Hold one moment of the store while servers go on; nothing of it is vacuumed meanwhile.

    Raises:
        SchemaMismatch: the store was made by another release.
        StoreUnavailable: the database cannot be reached.
    """
    with _engine(read_engine(url, connections=1)) as engine:
        check_revision(engine)
        with (
            translating(),
            engine.connect() as connection,
            closing(ReadSession(connection)) as session,
        ):
            identity = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            yield Snapshot(session=session, identity=identity, url=url)


def check_dump(path: Path) -> None:
    """Let pg_restore read a file of `Snapshot.dump` to its end, into nothing.

    Raises:
        IntegrityBroken: it cannot.
        EnvironmentMissing: pg_restore is not installed.
    """
    try:
        run_program("pg_restore", (f"--file={os.devnull}", str(path)))
    except StoreUnavailable as error:
        raise IntegrityBroken(
            message=f"the copy of the database cannot be read: {error.message}",
            next_step="use another backup",
        ) from error


def count_objects(connection: Connection) -> int:
    """How many tables, indexes and so on a database holds, of whomever; none in an empty one."""
    return int(connection.execute(text(_OBJECTS)).scalar_one())


def load_dump(path: Path, url: str) -> None:
    """Fill an empty database from a file of `Snapshot.dump`: wholly, or not at all.

    Owners and privileges are not put back: all belongs to the user of the URL.

    Raises:
        Conflict: the database holds something.
        EnvironmentMissing: pg_restore is not installed.
        StoreUnavailable: the database cannot be reached, or pg_restore failed.
    """
    with (
        _engine(read_engine(url, connections=1)) as engine,
        translating(),
        engine.connect() as connection,
    ):
        found = count_objects(connection)
    if found:
        raise Conflict(
            message=f"the database holds {found} objects already; only an empty one is filled",
            next_step="make a new database for it (createdb), and name that",
        )
    words = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", str(path))
    run_program("pg_restore", words, url)


@contextmanager
def scratch_database(beside: str, name: str) -> Iterator[str]:
    """The URL of a new, empty database on the same server, dropped at the end.

    Raises:
        StoreUnavailable: the server cannot be reached, or the user may make no database.
    """
    if not _NAME.fullmatch(name):
        raise ValueError("not a plain name for a database")
    there = parse_url(beside)
    with _engine(_autocommit(there)) as engine:
        with translating(), engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
        try:
            yield there.set(database=name).render_as_string(hide_password=False)
        finally:
            with translating(), engine.connect() as connection:
                connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


def has_password(url: str) -> bool:
    """Whether the URL holds a password, which a command line would show.

    Raises:
        ConfigurationInvalid: it is no URL of a store.
    """
    parsed = parse_url(url)
    return parsed.password is not None or "password" in parsed.query


def _autocommit(url: URL) -> Engine:
    """CREATE DATABASE runs in no transaction."""
    options = {"connect_timeout": BUSY_SECONDS}
    return create_engine(
        url, hide_parameters=True, isolation_level="AUTOCOMMIT", connect_args=options
    )


@contextmanager
def _engine(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()
