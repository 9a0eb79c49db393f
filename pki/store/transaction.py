"""Group commit: many changes, each in its own savepoint, in one durable transaction."""

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, select, update

from pki.domain.errors import IntegrityBroken, StoreUnavailable
from pki.domain.journal import JournalEntry, JournalHead
from pki.ports import Clock
from pki.store import schema
from pki.store.commit.savepoint import Gathered, Savepoint
from pki.store.failures import translating
from pki.store.write_session import WriteSession

_TOLERANCE: Final = timedelta(seconds=5)
"""How far the clocks of two computers that write may be apart unnoticed."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """Where the journal ends inside the transaction."""

    head: JournalHead
    at: datetime | None


def commit_together(engine: Engine, clock: Clock, works: Sequence[Work]) -> Committed:
    """Run every change under the lock of the journal's head, and commit those that did not refuse.

    Raises:
        StoreUnavailable: the database failed; nothing is recorded. Where a connection ends during
            COMMIT itself, only the database knows: a change is repeated under its idempotency key.
        IntegrityBroken: the database is damaged; nothing is recorded.
    """
    outcomes: list[Outcome] = []
    entries: list[JournalEntry] = []
    with translating(), engine.begin() as connection:
        first = end = _lock_head(connection)
        _compare(clock.now(), end)
        gathered = Gathered(connection)
        for work in works:
            outcome, recorded = _run(Savepoint(connection, gathered), clock, end, work)
            outcomes.append(outcome)
            if recorded:
                entries += recorded
                last = recorded[-1]
                end = _End(head=_head_at(last), at=last.at)
        gathered.write()
        if end != first:
            row = {"position": end.head.position, "digest": end.head.digest, "at": end.at}
            connection.execute(update(schema.journal_head), row)
    return Committed(outcomes=outcomes, entries=entries)


def _lock_head(connection: Connection) -> _End:
    """The journal's end, which no one else can move until this transaction ends."""
    row = connection.execute(select(schema.journal_head).with_for_update()).one_or_none()
    if row is None:
        raise IntegrityBroken(message="the store has lost its journal head")
    return _End(head=JournalHead(position=row.position, digest=row.digest), at=row.at)


def _compare(present: datetime, end: _End) -> None:
    """Say so when the clock went back: entries then keep the time of the last one."""
    if end.at is not None and end.at - present > _TOLERANCE:
        behind = (end.at - present).total_seconds()
        _log.warning("the clock is behind the journal; set it right", extra={"seconds": behind})


def _head_at(entry: JournalEntry) -> JournalHead:
    return JournalHead(position=entry.position, digest=entry.digest)


def _run(
    savepoint: Savepoint, clock: Clock, end: _End, work: Work
) -> tuple[Outcome, Sequence[JournalEntry]]:
    present = clock.now()
    now = present if end.at is None else max(present, end.at)
    session = WriteSession(savepoint, head=end.head, now=now)
    try:
        with closing(session):
            value = work(session)
        session.check()
    except Exception as error:  # noqa: BLE001 -- it is its caller's, and undoes this change only
        if isinstance(session.failure, StoreUnavailable):
            raise session.failure from None
        savepoint.undo()
        return Outcome(error=error), ()
    savepoint.keep()
    return Outcome(value=value, entries=session.entries), session.entries
