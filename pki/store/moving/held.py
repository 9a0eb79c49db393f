"""An SQLite store that one process has for itself."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event

from pki.domain.errors import AlreadyRunning, StoreUnavailable
from pki.store.engine import check_revision
from pki.store.failures import translating


@contextmanager
def held_alone(path: Path) -> Iterator[Connection]:
    """One transaction over a store that nobody else has open, or can open, until the block ends.

    The file is complete in itself meanwhile: it has no write-ahead log, so it may be renamed.

    Raises:
        AlreadyRunning: a process has it open, be it only to read.
        SchemaMismatch: it was made by another release.
        StoreUnavailable: there is no such store, or it cannot be written.
    """
    if not path.is_file():
        raise StoreUnavailable(
            message=f"there is no store at {path}", next_step="correct store.path"
        )
    uri = f"file:{quote(str(path))}?mode=rw"
    connected = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)
    with closing(connected):
        _leave_log(connected, path)
        engine = _engine(connected)
        try:
            check_revision(engine)
            with translating(), engine.begin() as connection:
                yield connection
        finally:
            if path.is_file():
                connected.execute("PRAGMA journal_mode=WAL")
            engine.dispose()


def _leave_log(connected: sqlite3.Connection, path: Path) -> None:
    """Only the last connection may leave the write-ahead log (sqlite.org/wal.html, section 4)."""
    try:
        connected.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise AlreadyRunning(
                message=f"another process has the store {path} open",
                next_step="stop every role that uses it, status nodes too, then repeat this",
            ) from None
        raise StoreUnavailable(
            message=f"the store {path} cannot be held: {error}",
            next_step="run this as the user of the service, on a disk that can be written",
        ) from None


def _engine(connected: sqlite3.Connection) -> Engine:
    engine = create_engine(
        "sqlite://", creator=lambda: connected, poolclass=StaticPool, hide_parameters=True
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")

    return engine
