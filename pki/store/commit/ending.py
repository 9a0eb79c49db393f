"""A transaction of which is known what became of it, or that this is not known."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, exc

from pki.domain.errors import StoreUnavailable
from pki.store.failures import translated

_REPEAT: Final = (
    "repeat the request under the same Idempotency-Key: it is done once; without a key, look first "
    "whether it was done. If it stays so, check the database, its disk and its log"
)
_UNDONE: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY})
"""Answers of SQLite after which nothing is there: the page that ends it was not written."""


class OutcomeUnknown(StoreUnavailable):
    """The database did not say what became of COMMIT: all of it was recorded, or nothing."""


@contextmanager
def committing(engine: Engine) -> Iterator[Connection]:
    """Commit what is done inside; whatever is raised inside undoes it.

    Raises:
        OutcomeUnknown: COMMIT had no answer, or one that does not say that it was refused.
        sqlalchemy.exc.SQLAlchemyError: the transaction cannot begin, or COMMIT is refused: by a
            rule of the schema, or since the disk is full; nothing is recorded.
    """
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        try:
            transaction.commit()
        except exc.SQLAlchemyError as error:
            # What state the connection is in is as little known: a new one begins the next.
            connection.invalidate()
            if _refused(error):
                raise
            why = translated(error).message
            raise OutcomeUnknown(
                message=f"whether the change was recorded is not known: {why}", next_step=_REPEAT
            ) from None


def _refused(error: exc.SQLAlchemyError) -> bool:
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
    return isinstance(error, exc.IntegrityError) or code in _UNDONE
