"""The part of one change in a transaction: its savepoint, and its rows of the journal."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter

import sqlalchemy as sa

from pki.store import schema

Row = Mapping[str, object]


@lru_cache
def _journal(dialect: sa.Dialect) -> tuple[str, Sequence[str]]:
    """The driver's own INSERT, and the names its values go by where it counts them."""
    compiled = sa.insert(schema.journal).compile(dialect=dialect)
    return str(compiled), getattr(compiled, "positiontup", None) or ()


def _write_journal(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Text, numbers and octets as they are; SQLAlchemy's part took as long as the database's."""
    text, names = _journal(connection.dialect)
    values = [itemgetter(*names)(row) for row in rows] if names else [dict(row) for row in rows]
    connection.exec_driver_sql(text, values)


class Gathered:
    """Rows of the journal by changes that are done: written together, when somebody may look."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._rows: list[Row] = []

    def add(self, rows: Iterable[Row]) -> None:
        """After those that are there."""
        self._rows += rows

    def write(self) -> None:
        """Put them into the database, in the transaction."""
        if self._rows:
            _write_journal(self._connection, self._rows)
            self._rows = []


class Savepoint:
    """Begins with the first statement of a change: one that only records asks the database nothing.

    ``rows`` are those of the change that no statement has needed yet.
    """

    def __init__(self, connection: sa.Connection, gathered: Gathered) -> None:
        self.connection = connection
        self.rows: list[Row] = []
        self._gathered = gathered
        self._begun = False

    def before_statement(self) -> None:
        """Bring the database to where the change is: others' rows are no part of its savepoint."""
        if not self._begun:
            self._gathered.write()
            self.connection.exec_driver_sql("SAVEPOINT work")
            self._begun = True
        if self.rows:
            _write_journal(self.connection, self.rows)
            self.rows = []

    def keep(self) -> None:
        """The change is done."""
        self._gathered.add(self.rows)
        if self._begun:
            self.connection.exec_driver_sql("RELEASE SAVEPOINT work")

    def undo(self) -> None:
        """Nothing of the change stays."""
        if self._begun:
            self.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT work")
            self.connection.exec_driver_sql("RELEASE SAVEPOINT work")
