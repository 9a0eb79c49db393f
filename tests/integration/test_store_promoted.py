"""A replica that became a primary while the one that it followed is still written to."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg
import pytest

from fixtures.postgres import PostgresCluster
from pki.domain.errors import StoreUnavailable
from pki.ports import SystemClock
from pki.store.journal_reads import HEARTBEAT_LIMIT
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store
from strangers.postgres_replica import replica_of

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

PATIENCE_SECONDS = 60.0


@contextmanager
def reading(url: str) -> Iterator[ReadStore]:
    store = ReadStore.open(url, threads=1)
    try:
        yield store
    finally:
        store.close_sync()


@contextmanager
def writing(url: str) -> Iterator[Store]:
    store = Store.open(url, clock=SystemClock())
    try:
        yield store
    finally:
        store.close_sync()


def beat(store: Store) -> datetime:
    """Say that the writing side lives; when that was."""
    now = SystemClock().now()
    store.write_sync(lambda session: session.beat(now))
    return now


def abreast(store: ReadStore, now: datetime) -> None:
    store.read_sync(lambda session: session.require_abreast(now))


def promote(cluster: PostgresCluster) -> None:
    with psycopg.connect(
        host=str(cluster.folder), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute("SELECT pg_promote()")


def test_a_status_is_not_read_from_a_replica_that_took_over_until_somebody_writes_to_it(
    postgres_cluster: PostgresCluster, migrated_postgres: str
) -> None:
    name = postgres_cluster.create(template=migrated_postgres)
    first = postgres_cluster.url(name)
    with replica_of(postgres_cluster) as replica, writing(first) as former:
        second = replica.url(name)
        beaten = beat(former)
        with reading(second) as reader:
            limit = time.monotonic() + PATIENCE_SECONDS
            while reader.read_sync(ReadSession.heartbeat) != beaten:
                assert time.monotonic() < limit
            promote(replica)
            assert not reader.read_sync(ReadSession.is_replica)
            # The former primary lives, and is written to; none of that comes here.
            later = beat(former) + 2 * HEARTBEAT_LIMIT
            with pytest.raises(StoreUnavailable, match="took over from another and nobody writes"):
                abreast(reader, later)
            with writing(second) as latter:
                abreast(reader, beat(latter) + timedelta(seconds=1))
    with reading(first) as reader:
        # What was never a replica needs no heartbeat.
        abreast(reader, later)
    postgres_cluster.drop(name)
