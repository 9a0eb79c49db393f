"""How much is in a store."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from pki.store.engine import check_revision, read_engine
from pki.store.failures import translating


def row_counts(connection: Connection) -> Mapping[str, int]:
    """How many rows each table has."""
    names = sorted(set(sa.inspect(connection).get_table_names()) - {"alembic_version"})
    return {name: connection.execute(count_of(name)).scalar_one() for name in names}


def count_of(name: str) -> sa.Select[int]:
    """The query for one table."""
    return sa.select(sa.func.count()).select_from(sa.table(name))


def counted_rows(url: str) -> Mapping[str, int]:
    """As `row_counts`, of the store at ``url``.

    Raises:
        ConfigurationInvalid: the URL names nothing usable.
        SchemaMismatch: the store was made by another release, or not made yet.
        StoreUnavailable: it cannot be read.
    """
    engine = read_engine(url, connections=1)
    try:
        check_revision(engine)
        with translating(), engine.connect() as connection:
            return row_counts(connection)
    finally:
        engine.dispose()
