"""PostgreSQL refuses for a while: the store is unavailable, nothing is lost, and it mends."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from fixtures.postgres import PostgresCluster
from pki.domain.errors import StoreUnavailable
from pki.domain.events import ServiceStarted
from pki.domain.journal import verify_chain
from pki.domain.people import SYSTEM
from pki.ports import SystemClock
from pki.store.reading import ReadStore
from pki.store.writing import Store

pytestmark = [pytest.mark.postgres]

STARTED = ServiceStarted(roles="issuance", version="1.0")
_roles = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class House:
    """A store of a user whom the database can turn away, unlike its own."""

    store: Store
    reader: ReadStore
    admin: sa.Engine
    user: str
    database: str

    def tell(self, *statements: str) -> None:
        with self.admin.connect() as connection:
            for each in statements:
                connection.exec_driver_sql(each)

    def hang_up(self) -> None:
        """End every connection of the store: what the database says next, it says anew."""
        ended = sa.select(sa.func.pg_terminate_backend(sa.column("pid")))
        theirs = ended.select_from(sa.table("pg_stat_activity", sa.column("usename")))
        with self.admin.connect() as connection:
            connection.execute(theirs.where(sa.column("usename") == self.user))

    def record(self) -> int:
        return self.store.write_sync(lambda session: session.record(STARTED, SYSTEM)).position

    def verified(self) -> int:
        return self.reader.read_sync(lambda session: verify_chain(session.raw_journal())).position


@pytest.fixture
def house(postgres_cluster: PostgresCluster, migrated_postgres: str) -> Iterator[House]:
    name, user = postgres_cluster.create(template=migrated_postgres), f"limited_{next(_roles)}"
    url = postgres_cluster.url(name)
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    theirs = url.replace("//postgres@", f"//{user}@")
    with opened(admin, theirs, user, name) as made:
        yield made
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {user}")
        connection.exec_driver_sql(f"DROP ROLE {user}")
    admin.dispose()
    postgres_cluster.drop(name)


@contextmanager
def opened(admin: sa.Engine, url: str, user: str, database: str) -> Iterator[House]:
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {user} LOGIN")
        connection.exec_driver_sql(f"GRANT pg_read_all_data, pg_write_all_data TO {user}")
    store = Store.open(url, clock=SystemClock())
    reader = ReadStore.open(url, threads=1)
    yield House(store=store, reader=reader, admin=admin, user=user, database=database)
    store.close_sync()
    reader.close_sync()


def test_a_database_that_is_read_only_is_unavailable_for_changes_alone(house: House) -> None:
    assert house.record() == 1
    setting = f"ALTER DATABASE {house.database} SET default_transaction_read_only"
    house.tell(f"{setting} = on")
    house.hang_up()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="no changes") as refused:
            house.record()
        assert "primary" in refused.value.next_step
        assert house.verified() == 1
    house.tell(f"{setting} = off")
    house.hang_up()
    assert house.record() == 2
    assert house.verified() == 2


def test_a_database_without_a_connection_to_give_is_unavailable(house: House) -> None:
    assert house.record() == 1
    house.tell(f"ALTER ROLE {house.user} CONNECTION LIMIT 0")
    house.hang_up()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            house.record()
        with pytest.raises(StoreUnavailable):
            house.verified()
    house.tell(f"ALTER ROLE {house.user} CONNECTION LIMIT -1")
    assert house.record() == 2
    assert house.verified() == 2
