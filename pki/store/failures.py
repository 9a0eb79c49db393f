"""The database's errors as this system's errors.

Only the kind of an error and its first line go on: what a database adds to them may quote a row,
and rows hold personal data.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import exc

from pki.domain.errors import Conflict, IntegrityBroken, Malformed, StoreUnavailable, ZorgidError

APPEND_ONLY: Final = "append-only"
"""What the triggers' messages hold."""

FAILURES: Final = (exc.SQLAlchemyError, ZorgidError, ValueError, OverflowError)
"""What may come out of running a statement and reading its rows; `translated` takes them all."""

_READ_ONLY: Final = "25006"
"""What PostgreSQL says on a standby, and where default_transaction_read_only is on."""

_TRY_LATER: Final = "try again; if it stays so, check the database, its disk and its log"
_FULL: Final = ("connection slots are reserved", "too many clients", "too many connections")
"""What PostgreSQL says when all connections are open: to everybody, for a database, for a user."""

_MORE: Final = "raise the database's max_connections, and see in pg_stat_activity who has them"
_LOOK: Final = "stop and compare the store with its backups and the last journal export"


def translated(error: Exception) -> ZorgidError:
    """What to raise for an error that came out of the database layer."""
    match error:
        case ZorgidError() if not isinstance(error, Malformed):
            return error
        case exc.IntegrityError() if APPEND_ONLY not in str(error.orig):
            return Conflict(message=f"the store refuses a second one: {_kind(error)}")
        case exc.OperationalError() | exc.InterfaceError() | exc.TimeoutError():
            said = _kind(error)
            full = any(each in said for each in _FULL)
            return StoreUnavailable(
                message=f"the store cannot be read or written: {said}",
                next_step=_MORE if full else _TRY_LATER,
            )
        case exc.DBAPIError() if getattr(error.orig, "sqlstate", None) == _READ_ONLY:
            return StoreUnavailable(
                message=f"the store takes no changes now: {_kind(error)}",
                next_step="look whether the store's address leads to the primary, which may write",
            )
        case exc.DBAPIError() if error.connection_invalidated:
            return StoreUnavailable(message="the store's connection ended", next_step=_TRY_LATER)
        case exc.DBAPIError() if APPEND_ONLY in str(error.orig):
            return IntegrityBroken(
                message="the store refuses to change what only grows", next_step=_LOOK
            )
        case exc.SQLAlchemyError():
            return IntegrityBroken(
                message=f"the store refuses a statement: {_kind(error)}", next_step=_LOOK
            )
        case _:
            return IntegrityBroken(
                message=f"the store holds a value that cannot be read: {error}", next_step=_LOOK
            )


@contextmanager
def translating() -> Iterator[None]:
    """Raise the translation of whatever the database layer raises inside.

    Raises:
        StoreUnavailable: the database cannot be reached, read or written now.
        Conflict: a uniqueness rule of the schema says no.
        IntegrityBroken: anything else, unreadable values included.
    """
    try:
        yield
    except (exc.SQLAlchemyError, Malformed, ValueError, OverflowError) as error:
        raise translated(error) from None


def _kind(error: exc.SQLAlchemyError) -> str:
    original = getattr(error, "orig", None)
    if original is None:
        return type(error).__name__
    diagnostics = getattr(original, "diag", None)
    if diagnostics is None:
        # SQLite's own messages name tables and columns only.
        return f"{type(original).__name__}: {original}"
    said = diagnostics.message_primary or _first_line(original)
    return f"{type(original).__name__}: {said}"


def _first_line(original: object) -> str:
    """Of a connection that never was: libpq's own words, which know of no row."""
    return next(iter(str(original).splitlines()), "")
