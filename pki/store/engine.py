"""Engines for SQLite and PostgreSQL: durable where they write, unable to write where they read."""

import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, select
from sqlalchemy import column as column_clause
from sqlalchemy import exc as sql_errors
from sqlalchemy import table as table_clause
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from pki.domain.errors import ConfigurationInvalid, SchemaMismatch, StoreUnavailable
from pki.store.failures import translating
from pki.store.schema import SCHEMA_REVISION

BUSY_SECONDS: Final = 10
"""How long a statement waits for a lock that another process holds."""

_IDLE: Final = f"{BUSY_SECONDS // 2}s"
"""After this the database ends a transaction whose process says nothing, stopped or gone, and all
others wait for: sooner than they give up."""

_KEY: Final = "store.url"
_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "gfs2", "ocfs2"}
    | {"fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.rclone", "fuse.s3fs"}
)
"""Where SQLite's write-ahead log does not work (sqlite.org/wal.html, overview)."""

_LINK: Final[Mapping[str, int]] = {
    "connect_timeout": BUSY_SECONDS,
    "keepalives_idle": 2,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8000,
}
"""Seconds, and milliseconds at the end (libpq 34.1.2): a network that lost a connection in silence
would keep a reader waiting for hours, long after it is whole again."""

COPY: Final = "COPY "
"""How a statement begins that takes many rows (PostgreSQL's COPY … FROM STDIN)."""

_VERSIONS: Final = table_clause("alembic_version", column_clause("version_num"))


def parse_url(url: str) -> URL:
    """Read a store's URL: ``sqlite:////absolute/path`` or ``postgresql+psycopg://…``.

    Raises:
        ConfigurationInvalid: any other form, or an SQLite file on a network file system.
    """
    try:
        parsed = make_url(url)
    except (sql_errors.ArgumentError, ValueError):
        raise _invalid("the store's URL cannot be read") from None
    if parsed.drivername == "postgresql+psycopg":
        return parsed
    if parsed.drivername != "sqlite" or parsed.query:
        raise _invalid("the store must be sqlite:////absolute/path or postgresql+psycopg://…")
    path = Path(parsed.database or "")
    if not path.is_absolute():
        raise _invalid("the store's SQLite file must be an absolute path (four slashes)")
    if not path.parent.is_dir():
        raise _invalid(f"the store's folder {path.parent} does not exist")
    kind = filesystem_kind(path.parent.resolve(), _mounts())
    if kind in _NETWORK:
        raise _invalid(f"the store's folder {path.parent} is on a network file system ({kind})")
    return parsed


def filesystem_kind(folder: Path, mounts: str) -> str:
    """The type of the file system that holds ``folder``, by ``/proc/self/mounts`` (proc(5))."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        _, point, found, *_ = line.split(" ")
        place = Path(point.encode().decode("unicode_escape"))
        if len(place.parts) >= best and folder.is_relative_to(place):
            best, kind = len(place.parts), found
    return kind


def write_engine(url: str) -> Engine:
    """An engine whose transactions are durable and take the write lock at once.

    Raises:
        ConfigurationInvalid: see `parse_url`.
        StoreUnavailable: there is no SQLite file.
    """
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        return _sqlite_engine(Path(parsed.database or ""), mode="rw", begin="BEGIN IMMEDIATE")
    limits = f"-c lock_timeout={BUSY_SECONDS}s -c idle_in_transaction_session_timeout={_IDLE}"
    options = f"{limits} -c synchronous_commit=on"
    engine = create_engine(
        parsed,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=1,
        max_overflow=1,
        connect_args={"options": options, **_LINK},
    )
    engine.dialect.do_executemany = _many_rows  # type: ignore[method-assign] # its documented place
    return engine


def read_engine(url: str, connections: int) -> Engine:
    """An engine that cannot write; every transaction sees one snapshot.

    Raises:
        ConfigurationInvalid: see `parse_url`.
        StoreUnavailable: there is no SQLite file.
    """
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        path = Path(parsed.database or "")
        return _sqlite_engine(path, mode="ro", begin="BEGIN", connections=connections)
    return create_engine(
        parsed,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=connections,
        max_overflow=0,
        isolation_level="REPEATABLE READ",
        connect_args={"options": "-c default_transaction_read_only=on", **_LINK},
    )


def create_file(url: str) -> None:
    """Make an SQLite file that only its owner can read, unless there is one.

    Nothing is done for PostgreSQL.

    Raises:
        ConfigurationInvalid: see `parse_url`.
        StoreUnavailable: the file cannot be made.
    """
    parsed = parse_url(url)
    if parsed.drivername != "sqlite":
        return
    try:
        os.close(os.open(parsed.database or "", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreUnavailable(
            message=f"the store's file cannot be made: {error.strerror}",
            next_step="let the service's user write in the folder of the store",
        ) from error


def stored_revision(connection: Connection) -> str | None:
    """The schema revision of a store; None when it was never migrated."""
    if not inspect(connection).has_table(_VERSIONS.name):
        return None
    return connection.execute(select(_VERSIONS.c.version_num)).scalar_one_or_none()


def check_revision(engine: Engine) -> None:
    """Refuse a store that this release does not know.

    Raises:
        SchemaMismatch: never migrated, made by an older or by a newer release.
        StoreUnavailable: the database cannot be reached.
    """
    with translating(), engine.connect() as connection:
        found = stored_revision(connection)
    if found is None:
        raise SchemaMismatch(
            message="the store has no schema", next_step="run zorgid init, which makes it"
        )
    refuse_newer(found)
    if found != SCHEMA_REVISION:
        raise SchemaMismatch(
            message=f"the store has schema {found}, this release needs {SCHEMA_REVISION}",
            next_step="make a backup with the release before, then: zorgid store upgrade",
        )


def refuse_newer(found: str) -> None:
    """Refuse a revision that this release cannot know.

    Raises:
        SchemaMismatch: ``found`` is newer than `SCHEMA_REVISION`, or not one of ours.
    """
    if not (found.isascii() and found.isdigit() and found <= SCHEMA_REVISION):
        raise SchemaMismatch(
            message=f"the store has schema {found}, newer than this release's {SCHEMA_REVISION}",
            next_step="install the release that made it, or a newer one",
        )


def _many_rows(
    cursor: DBAPICursor, statement: str, parameters: Sequence[Any], context: object = None
) -> None:
    """As psycopg does it; after a COPY, the rows that it takes."""
    del context
    if not statement.startswith(COPY):
        cursor.executemany(statement, parameters)
        return
    with cursor.copy(statement) as copy:
        for row in parameters:
            copy.write_row(row)


def _sqlite_engine(path: Path, *, mode: str, begin: str, connections: int = 1) -> Engine:
    if not path.is_file():
        raise StoreUnavailable(
            message=f"there is no store at {path}", next_step="run zorgid init, which makes it"
        )
    uri = f"file:{quote(str(path))}?mode={mode}"
    opened = _identity(path)

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # The driver must not begin or commit by itself: `start` does.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys=ON")
        if mode == "ro":
            cursor.execute("PRAGMA query_only=ON")
        else:
            _use_write_ahead_log(cursor)
            cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    def start(dbapi_connection: PoolProxiedConnection) -> None:
        _refuse_moved(path, opened)
        dbapi_connection.cursor().execute(begin)

    # An event of the engine would have every statement of a transaction look for its own events.
    engine.dialect.do_begin = start  # type: ignore[method-assign] # its documented place
    return engine


def _refuse_moved(path: Path, opened: tuple[int, int] | None) -> None:
    """An open file outlives its name: what is written then is lost with this process."""
    if _identity(path) != opened:
        raise StoreUnavailable(
            message=f"the store's file {path} was moved, deleted or replaced",
            next_step="stop every process that uses it, put the newest store back, start again",
        )


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file the path names now; None when it names none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _use_write_ahead_log(cursor: DBAPICursor) -> None:
    """Switch a new file over. SQLite does not wait for another opener's lock here, so we do."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _mounts() -> str:
    try:
        return Path("/proc/self/mounts").read_text(encoding="utf-8")
    except OSError:
        return ""


def _invalid(message: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key=_KEY,
        message=message,
        next_step="name a file on a local disk, or a PostgreSQL database",
    )
