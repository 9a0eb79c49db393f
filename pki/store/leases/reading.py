"""Reading leases, by the database's clock."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, literal_column, select

from pki.domain.leases.records import Lease
from pki.store.journal_reads import JournalReads
from pki.store.leases.tables import leases

_NOW: Final[Mapping[str, ColumnElement[int]]] = {
    "sqlite": literal_column(
        "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)", BigInteger
    ),
    "postgresql": literal_column(
        "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)", BigInteger
    ),
}


def database_now(connection: Connection) -> ColumnElement[int]:
    """Microseconds since 1970 by the database's clock, at the moment of the statement."""
    return _NOW[connection.dialect.name]


class LeaseReads(JournalReads):
    """Adds leases."""

    def leases(self) -> tuple[Lease, ...]:
        """All that were ever taken, by name."""
        return tuple(map(_read, self._rows(self._leases().order_by(leases.c.name))))

    def lease(self, name: str) -> Lease | None:
        """One of them; None when it was never taken."""
        row = self._row(self._leases().where(leases.c.name == name))
        return None if row is None else _read(row)

    def _leases(self) -> Select[Any]:
        left = leases.c.until - database_now(self._connection)
        return select(leases.c.name, leases.c.holder, leases.c.token, left.label("left"))


def _read(row: Row[Any]) -> Lease:
    left = timedelta(microseconds=row.left)
    return Lease(name=row.name, holder=row.holder, token=row.token, left=left)
