"""What each transaction is let begin by: that nothing is known of which the journal lacks.

A database that took over from another may lack what that one acknowledged (a replica that lagged, a
copy that was put back). Only whoever was told can notice: each process that writes keeps where the
journal last ended, beside its locks and not in the store, and holds that against every journal it
is about to write on. What one of them misses is told to all through the row of the journal's head;
nothing is written then, and nothing answered, until somebody has confirmed it.
"""

import json
import logging
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select, update

from pki.domain.journal import JournalHead
from pki.store import schema
from pki.store.history.refusing import NEXT_STEP

_OCTETS: Final = 256
"""One write of this size, blanks at its end, is never seen half."""

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Where a journal ends.

    ``at`` is its last entry's time, ``missing`` the position of an entry that it lacks though
    somebody was told of it, ``confirmed`` when such a loss, or a restore, was last confirmed;
    microseconds since 1970, 0 for never.
    """

    head: JournalHead
    at: datetime | None
    missing: int | None
    confirmed: int


class Guard:
    """Believes what the row of the head says. Used where nothing is kept beside the store."""

    def lacks(self, connection: Connection, end: End) -> int | None:
        """The position of an entry without which nothing may be written; None: write on.

        The caller has locked the row of the head, and commits what is written down here.
        """
        del connection
        return end.missing

    def keep(self, end: End, head: JournalHead) -> None:
        """The transaction that found ``end`` is committed: the journal now ends at ``head``."""
        del end, head

    def close(self) -> None:
        """Nothing will be written any more."""


class Confirming(Guard):
    """Lets somebody write who is about to confirm what is missing."""

    def lacks(self, connection: Connection, end: End) -> int | None:
        """None, whatever is missing."""
        del connection, end
        return None


class Witness(Guard):
    """Holds each journal against where it ended when this process, or the one before, last wrote.

    Kept in a file at each change, without waiting for the disk: it outlives the process, and after
    a power cut of this computer says at worst too little.
    """

    def __init__(self, path: Path) -> None:
        """Begin with what ``path`` says; the folder must be there."""
        self._path = path
        self._known = _read(path)
        self._file: int | None = None

    def lacks(self, connection: Connection, end: End) -> int | None:
        """What anybody misses; what this process does is written down for all."""
        known = self._known
        if end.missing is not None or known is None or end.confirmed > known.confirmed:
            return end.missing
        if _has(connection, end, known.head):
            return None
        missing = known.head.position
        connection.execute(update(schema.journal_head), {"missing": missing})
        _log.critical(
            "the journal lacks an entry that was acknowledged: nothing is written any more",
            extra={"position": missing, "head": end.head.position, "next_step": NEXT_STEP},
        )
        return missing

    def keep(self, end: End, head: JournalHead) -> None:
        """Remember it; a file that cannot be written is told of, since the change is committed."""
        known = _Known(head=head, confirmed=end.confirmed)
        if known == self._known:
            return
        self._known = known
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.pwrite(self._file, known.line(), 0)
        except OSError as error:
            why = error.strerror
            _log.error("where the journal ends could not be kept", extra={"why": why})

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    head: JournalHead
    confirmed: int

    def line(self) -> bytes:
        said = {
            "position": self.head.position,
            "digest": self.head.digest.hex(),
            "confirmed": self.confirmed,
        }
        return json.dumps(said).encode().ljust(_OCTETS - 1) + b"\n"


def _read(path: Path) -> _Known | None:
    """What the file says; None when there is none. One that cannot be read says nothing."""
    try:
        said = json.loads(path.read_bytes())
        head = JournalHead(position=said["position"], digest=bytes.fromhex(said["digest"]))
        return _Known(head=head, confirmed=said["confirmed"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        _log.warning("where the journal last ended cannot be read", extra={"path": str(path)})
        return None


def _has(connection: Connection, end: End, known: JournalHead) -> bool:
    """Whether the journal that ends there goes on from what is known."""
    if end.head.position <= known.position:
        return end.head == known
    table = schema.journal
    query = select(table.c.digest).where(table.c.position == known.position)
    return connection.execute(query).scalar_one_or_none() == known.digest
