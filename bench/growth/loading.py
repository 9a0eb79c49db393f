"""A store with as many cards as are wanted: rows as years of issuing leave them, by few statements.

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
        connection.execute(sa.text(statement), {"count": sizes[what]} if what else {})
    for start in range(0, population.count, _CHUNK):
        chunk = sizes | {"count": population.count, "after": start, "upto": start + _CHUNK}
        for statement in chunk_statements(words):
            connection.execute(sa.text(statement), chunk)
        _say(f"{min(population.count, start + _CHUNK):,} of {population.count:,} cards", began)


@contextmanager
def _bare(connection: sa.Connection) -> Iterator[None]:
    """Without guards and secondary indexes, which are made when all is there, and undurable."""
    if connection.dialect.name == "sqlite":
        for pragma in ("foreign_keys = OFF", "synchronous = OFF", "cache_size = -1000000"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        query = (
            "SELECT 'DROP ' || type || ' ' || name, sql FROM sqlite_master"
            " WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
        )
    else:
        for setting in ("session_replication_role = replica", "synchronous_commit = off"):
            connection.exec_driver_sql(f"SET {setting}")
        query = (
            "SELECT 'DROP INDEX ' || indexname, indexdef FROM pg_indexes WHERE schemaname ="
            " 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        )
    found = [(row[0], row[1]) for row in connection.exec_driver_sql(query)]
    for drop, _ in found:
        connection.exec_driver_sql(drop)
    yield
    for _, make in found:
        connection.exec_driver_sql(make)


def _say(what: str, began: float) -> None:
    print(f"{time.monotonic() - began:6.0f} s  {what}", file=sys.stderr, flush=True)
