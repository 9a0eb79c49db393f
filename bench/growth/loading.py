"""A store with as many cards as are wanted: rows as years of issuing leave them, by few statements.

Rows stand in the order of the cards' orders, which is that of their ends; ids, serials and keys are
random, so their indexes are in no order; a person's cards lie a card's life apart, and those of an
organisation are spread evenly over the years.

What grows: cards, each with its certificate (of a few octets), an interval of its status and its
key; every fourth is its person's live one, the others have expired; an entry of the journal for
every tenth; organisations with 250 live cards each. What does not: 900 cards are revoked and 100
blocked, whatever the count is.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from bench.growth.population import PER_ENTRY, Population
from bench.growth.words import Words, chunk_statements, first_statements
from pki.store.migrate import migrate

_CHUNK: Final = 500_000
_SQLITE_BESIDE: Final = (
    "SELECT 'DROP ' || type || ' ' || name, sql FROM sqlite_master"
    " WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
)
_POSTGRESQL_BESIDE: Final = (
    "SELECT 'DROP INDEX ' || indexname, indexdef FROM pg_indexes"
    " WHERE schemaname = 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint)"
)
_POSTGRESQL_KEYS: Final = (
    "SELECT of || 'DROP CONSTRAINT ' || conname, of || 'ADD CONSTRAINT ' || conname || ' '"
    " || pg_get_constraintdef(oid) || CASE contype WHEN 'f' THEN ' NOT VALID' ELSE '' END"
    " FROM pg_constraint, LATERAL (SELECT 'ALTER TABLE ' || conrelid::regclass || ' ' AS of) AS x"
    " WHERE contype IN ('f', 'p', 'u') AND connamespace = 'public'::regnamespace ORDER BY contype"
)
"""What takes each away, foreign keys first, and what makes it again."""


def load(url: str, population: Population) -> None:
    """Fill a new store."""
    migrate(url)
    began = time.monotonic()
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection, _bare(connection):
            _fill(connection, population, began)
        _say("indexes made", began)
        if engine.dialect.name == "postgresql":
            with engine.connect() as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
                connection.exec_driver_sql("CHECKPOINT")
    finally:
        engine.dispose()


def _fill(connection: sa.Connection, population: Population, began: float) -> None:
    words = Words(connection.dialect.name)
    sizes = {
        "cards": population.count,
        "persons": population.persons,
        "organisations": population.organisations,
        "entries": max(1, population.count // PER_ENTRY),
        "step": population.step,
    }
    for statement, what in first_statements(words):
        connection.execute(sa.text(statement), {"start": 0, "upto": sizes[what]})
    for start in range(0, population.count, _CHUNK):
        upto = min(population.count, start + _CHUNK)
        chunk = sizes | {"count": population.count, "start": start, "upto": upto}
        for statement in chunk_statements(words):
            connection.execute(sa.text(statement), chunk)
        _say(f"{upto:,} of {population.count:,} cards", began)


@contextmanager
def _bare(connection: sa.Connection) -> Iterator[None]:
    """Without guards and indexes, which are made when all is there, and undurable.

    SQLite keeps those of its keys, which cannot be taken away.
    """
    if connection.dialect.name == "sqlite":
        for pragma in ("foreign_keys = OFF", "synchronous = OFF", "cache_size = -1000000"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        queries: tuple[str, ...] = (_SQLITE_BESIDE,)
    else:
        for setting in ("session_replication_role = replica", "synchronous_commit = off"):
            connection.exec_driver_sql(f"SET {setting}")
        queries = (_POSTGRESQL_KEYS, _POSTGRESQL_BESIDE)
    found = [tuple(row) for each in queries for row in connection.exec_driver_sql(each)]
    for drop, _ in found:
        connection.exec_driver_sql(drop)
    yield
    for _, make in reversed(found):
        connection.exec_driver_sql(make)


def _say(what: str, began: float) -> None:
    print(f"{time.monotonic() - began:6.0f} s  {what}", file=sys.stderr, flush=True)
