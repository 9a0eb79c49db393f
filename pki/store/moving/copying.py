"""Every row of an SQLite store into an empty PostgreSQL database, read back and compared."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection, Row

from pki.domain.errors import Conflict, IntegrityBroken, StoreUnavailable
from pki.store.engine import stored_revision, write_engine
from pki.store.failures import translating
from pki.store.migrate import lock_schema, migrate_in
from pki.store.moving.counts import count_of
from pki.store.postgres.dump import count_objects
from pki.store.schema import SCHEMA_REVISION

_PAGE: Final = 1000
_TOLD: Final = 100_000
_VERSIONS: Final = "alembic_version"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """One table as both engines have it; ``key`` orders its rows."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    text: frozenset[str]


@contextmanager
def filled_with(here: Connection, url: str, say: Say) -> Iterator[tuple[Connection, bool]]:
    """A transaction on the database at ``url`` that holds, row for row, what ``here`` holds.

    It is committed at the end of the block, wholly or not at all. An empty database is filled; one
    that holds this very content already is left as it is. The second value says whether it was
    filled now.

    Raises:
        Conflict: the database holds something else.
        IntegrityBroken: what was read back is not what was written.
        StoreUnavailable: the database cannot be reached or written.
    """
    engine = write_engine(url)
    try:
        with _reached(engine) as there, translating(), _psycopg_errors(), there.begin():
            lock_schema(there)
            empty = not count_objects(there)
            if empty:
                migrate_in(there)
            elif stored_revision(there) != SCHEMA_REVISION:
                raise _other("something that is no store of this release")
            tables = _tables(here, there)
            if empty:
                for table in tables:
                    _copy(table, here, there, say)
            for table in tables:
                _compare(table, here, there, say, filled=empty)
            yield there, empty
            if empty:
                there.execute(sa.text("ANALYZE"))
    finally:
        engine.dispose()


def _reached(engine: sa.Engine) -> Connection:
    """A connection, or the one of the two stores that cannot be reached, by its name."""
    try:
        with translating():
            return engine.connect()
    except StoreUnavailable as error:
        # What else stands in a URL may be the password.
        named = engine.url.set(query={}).render_as_string(hide_password=True)
        raise StoreUnavailable(
            message=f"{named}, where the store is to go, cannot be reached: {error.message}",
            next_step=f"{error.next_step}; the old store is as it was",
        ) from None


def _tables(here: Connection, there: Connection) -> list[_Table]:
    """All tables, each after those that it refers to."""
    inspector = sa.inspect(there)
    names = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name is not None]
    found = set(sa.inspect(here).get_table_names())
    if found != set(names):
        raise IntegrityBroken(
            message=f"the store's tables are not this release's: {sorted(found ^ set(names))}",
            next_step="move it with the release that made it",
        )
    return [_table(inspector, name) for name in names if name != _VERSIONS]


def _table(inspector: sa.Inspector, name: str) -> _Table:
    columns = inspector.get_columns(name)
    texts = (each["name"] for each in columns if isinstance(each["type"], sa.Text))
    return _Table(
        name=name,
        columns=tuple(each["name"] for each in columns),
        key=tuple(inspector.get_pk_constraint(name)["constrained_columns"]),
        text=frozenset(texts),
    )


def _rows(table: _Table, connection: Connection) -> Iterator[Row[Any]]:
    """As the database has them, in the order of octets, which both engines then agree upon."""
    postgres = connection.dialect.name == "postgresql"
    order = (
        sa.collate(sa.column(name), "C") if postgres and name in table.text else sa.column(name)
        for name in table.key
    )
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in table.columns]
    query: sa.Select[Any] = sa.select(*columns).select_from(sa.table(table.name)).order_by(*order)
    yield from connection.execute(query.execution_options(yield_per=_PAGE))


def _copy(table: _Table, here: Connection, there: Connection, say: Say) -> None:
    if there.execute(count_of(table.name)).scalar_one():
        there.execute(sa.delete(sa.table(table.name)))  # what a new schema begins with
    total = here.execute(count_of(table.name)).scalar_one()
    say(f"copying {table.name}: {total} rows")
    quote = there.dialect.identifier_preparer.quote
    columns = ", ".join(map(quote, table.columns))
    statement = f"COPY {quote(table.name)} ({columns}) FROM STDIN".encode()
    driver: psycopg.Connection = there.connection.driver_connection  # type: ignore[assignment]  # by the dialect
    with driver.cursor() as cursor, cursor.copy(statement) as into:
        for number, row in enumerate(_rows(table, here), start=1):
            into.write_row(tuple(row))
            if number % _TOLD == 0:
                say(f"  {number} of {total}")


def _compare(table: _Table, here: Connection, there: Connection, say: Say, *, filled: bool) -> None:
    say(f"comparing {table.name}")
    if _digest(table, here) == _digest(table, there):
        return
    if not filled:
        raise _other(f"another store: its {table.name} differ")
    raise IntegrityBroken(
        message=f"what was read back of {table.name} is not what was written; nothing is kept",
        next_step="look at the database's log; the old store is as it was",
    )


def _digest(table: _Table, connection: Connection) -> bytes:
    digest = hashlib.sha256()
    for row in _rows(table, connection):
        digest.update(repr(tuple(row)).encode())
    return digest.digest()


def _other(what: str) -> Conflict:
    return Conflict(
        message=f"the database holds {what}; only an empty one is filled",
        next_step="make a new database for it (createdb), and name that",
    )


@contextmanager
def _psycopg_errors() -> Iterator[None]:
    """COPY raises past SQLAlchemy; details may quote a row, so the first line alone goes on."""
    try:
        yield
    except psycopg.Error as error:
        said = f"the database refuses: {error.diag.message_primary or type(error).__name__}"
        if isinstance(error, psycopg.OperationalError):
            raise StoreUnavailable(message=said, next_step="try again; nothing is kept") from None
        raise IntegrityBroken(message=said, next_step="nothing is kept; see its log") from None
