"""Group commit: many changes, each in its own savepoint, in one durable transaction."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, select, update

from pki.domain.errors import IntegrityBroken, StoreUnavailable
from pki.domain.journal import JournalEntry, JournalHead
from pki.ports import Clock
from pki.store import schema
from pki.store.commit.ending import committing
from pki.store.commit.savepoint import Gathered, Savepoint
from pki.store.failures import translating
from pki.store.history.guard import End, Guard
from pki.store.history.refusing import refusal
from pki.store.postgres.listening import HEAD_MOVES, this_process
from pki.store.write_session import WriteSession

_TOLERANCE: Final = timedelta(seconds=5)
"""How far the clocks of two computers that write may be apart unnoticed."""

_HEAD_LOCKED: Final = select(schema.journal_head).with_for_update()
_HEAD_MOVES: Final = update(schema.journal_head)

_log = logging.getLogger(__name__)

Work = Callable[[WriteSession], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one change: ``error`` is None when it is committed with these entries."""

    value: Any = None
    error: BaseException | None = None
    entries: Sequence[JournalEntry] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """One outcome for each change, in their order, and all entries that were recorded."""

    outcomes: Sequence[Outcome]
    entries: Sequence[JournalEntry]


def commit_together(engine: Engine, clock: Clock, works: Sequence[Work], guard: Guard) -> Committed:
    """Run every change under the lock of the journal's head, and commit those that did not refuse.

    Raises:
        StoreUnavailable: the database failed, or ``guard`` does not admit it; nothing is recorded.
        OutcomeUnknown: COMMIT began, and only the database knows how it ended: a change is repeated
            under its idempotency key.
        IntegrityBroken: the database is damaged; nothing is recorded.
    """
    outcomes: list[Outcome] = []
    entries: list[JournalEntry] = []
    with translating(), committing(engine) as connection:
        end = _lock_head(connection)
        missing = guard.lacks(connection, end)
        head, at = end.head, end.at
        _compare(clock.now(), at)
        gathered = Gathered(connection)
        for work in works if missing is None else ():
            present = clock.now()
            now = present if at is None or at < present else at
            savepoint = Savepoint(connection, gathered)
            session = WriteSession(savepoint, head=head, now=now)
            outcome = _run(session, savepoint, work)
            outcomes.append(outcome)
            if outcome.entries:
                entries += outcome.entries
                head, at = session.head(), now
        gathered.write()
        if head != end.head:
            _move_head(connection, head, at)
    if missing is not None:
        raise refusal(missing)
    guard.keep(end, head)
    return Committed(outcomes=outcomes, entries=entries)


def _lock_head(connection: Connection) -> End:
    """The journal's end, which no one else can move until this transaction ends."""
    row = connection.execute(_HEAD_LOCKED).one_or_none()
    if row is None:
        raise IntegrityBroken(message="the store has lost its journal head")
    return End(
        head=JournalHead(position=row.position, digest=row.digest),
        at=row.at,
        missing=row.missing,
        confirmed=row.confirmed or 0,
    )


def _move_head(connection: Connection, head: JournalHead, at: datetime | None) -> None:
    row: dict[str, Any] = {"position": head.position, "digest": head.digest, "at": at}
    if connection.dialect.name == "postgresql":
        connection.execute(HEAD_MOVES, {**row, "writer": this_process()})
    else:
        connection.execute(_HEAD_MOVES, row)


def _compare(present: datetime, last: datetime | None) -> None:
    """Say so when the clock went back: entries then keep the time of the last one."""
    if last is not None and last - present > _TOLERANCE:
        behind = (last - present).total_seconds()
        _log.warning("the clock is behind the journal; set it right", extra={"seconds": behind})


def _run(session: WriteSession, savepoint: Savepoint, work: Work) -> Outcome:
    try:
        try:
            value = work(session)
        finally:
            session.close()
        session.check()
    except Exception as error:  # noqa: BLE001 -- it is its caller's, and undoes this change only
        if isinstance(session.failure, StoreUnavailable):
            raise session.failure from None
        savepoint.undo()
        return Outcome(error=error)
    savepoint.keep()
    return Outcome(value=value, entries=session.entries)
