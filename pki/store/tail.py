"""Following the journal: every entry once, in order, within a moment of its commit."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pki.domain.errors import ChainBroken, StoreUnavailable, ZorgidError
from pki.domain.journal import JournalEntry, JournalHead
from pki.ports import Clock, SystemClock, happens
from pki.store.history.start import Start
from pki.store.reading import ReadSession, ReadStore

BATCH: Final = 500
"""Entries handed on at once, at most."""

_log = logging.getLogger(__name__)


class Contact:
    """When one follower had last dealt with all there was."""

    def __init__(self) -> None:
        self._seen = -math.inf
        self.broken: ChainBroken | None = None
        """Why the journal does not go on from what was dealt with, at the last look."""

    def age(self) -> float:
        """Seconds since a look, begun then, whose entries have all been dealt with; or infinity.

        Whatever was committed longer ago than this is known to the follower.
        """
        return time.monotonic() - self._seen

    def mark(self, began: float) -> None:
        """A look that began at this `time.monotonic` left nothing to do."""
        self._seen = began
        self.broken = None

    def require_whole(self) -> None:
        """Make sure that the store is still the one that was followed.

        Raises:
            StoreUnavailable: it lacks what was read before, or has something else in its place.
        """
        if self.broken is not None:
            raise StoreUnavailable(message=self.broken.message, next_step=self.broken.next_step)


class JournalTail:
    """Looks for new entries every ``poll_seconds``, and at once when it is woken.

    ``last_contact`` is the `time.monotonic` of the last look of any follower that saw the journal's
    end, minus infinity before the first. A failing store ends nothing: what is to be done about it
    is logged once, again when that becomes something else, and the looks go on.
    """

    def __init__(
        self, read_store: ReadStore, poll_seconds: float = 0.2, *, clock: Clock | None = None
    ) -> None:
        self._store = read_store
        self._clock = clock or SystemClock()
        self._poll_seconds = poll_seconds
        self._sleepers: set[asyncio.Event] = set()
        self.last_contact = -math.inf

    async def head(self) -> JournalHead:
        """Where the journal ends now.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        return await self._store.read(lambda session: session.head())

    def wake(self) -> None:
        """Look now; to be called on the event loop of the followers."""
        for sleeper in self._sleepers:
            sleeper.set()

    async def follow(
        self, after: int, contact: Contact | None = None
    ) -> AsyncIterator[Sequence[JournalEntry]]:
        """Yield what follows position ``after``, for ever, in batches, no entry twice.

        ``contact`` is marked when a batch that reached the journal's end has been dealt with.
        """
        async for entries in self._follow(_Place(after), contact or Contact()):
            yield entries

    async def follow_from(
        self, start: Start, contact: Contact
    ) -> AsyncIterator[Sequence[JournalEntry]]:
        """As `follow`, what follows ``start``, until somebody confirms that its history is lost.

        It ends when the journal does not go on from what was dealt with, and that is known: nothing
        is missing any more, and a loss was confirmed since ``start``. Then all has to be read anew.
        """
        place = _Place(start.head.position, start.head.digest, start.confirmed)
        async for entries in self._follow(place, contact):
            yield entries

    async def _follow(
        self, place: "_Place", contact: Contact
    ) -> AsyncIterator[Sequence[JournalEntry]]:
        said: set[str] = set()
        sleeper = asyncio.Event()
        self._sleepers.add(sleeper)
        try:
            while True:
                sleeper.clear()
                began = time.monotonic()
                seen = await self._look(place)
                _tell(said, seen.error)
                if seen.lost:
                    return
                entries = seen.entries
                if isinstance(seen.error, ChainBroken):
                    contact.broken = seen.error
                place.goes_on(seen)
                if entries:
                    yield entries
                if seen.error is None and len(entries) < BATCH:
                    contact.mark(began)
                if not entries:
                    await happens(sleeper, self._poll_seconds)
        finally:
            self._sleepers.discard(sleeper)

    async def _look(self, place: "_Place") -> "_Seen":
        """New entries, also of a replica that is behind, and how the store failed."""
        began = time.monotonic()
        try:
            seen = await self._store.read(lambda session: self._new(session, place))
        except ZorgidError as error:
            seen = _Seen(error=error)
        if seen.error is None and len(seen.entries) < BATCH:
            self.last_contact = began
        return seen

    def _new(self, session: ReadSession, place: "_Place") -> "_Seen":
        """What is new in one snapshot, and why that may not be all there is."""
        try:
            seen = _after(session, place)
        except ChainBroken as error:
            return _Seen(error=error, lost=place.is_lost(session))
        try:
            session.require_abreast(self._clock.now())
        except StoreUnavailable as error:
            return replace(seen, error=error)
        return seen


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One look: what is new, the digest of the last entry there is, and why that may not be all.

    ``confirmed`` is as in `Start`; ``lost``: the journal is another, and somebody has confirmed it.
    """

    entries: Sequence[JournalEntry] = ()
    digest: bytes | None = None
    confirmed: int = 0
    error: ZorgidError | None = None
    lost: bool = False


@dataclass(slots=True)
class _Place:
    """What was dealt with last; its digest is None before the first look.

    ``confirmed`` is as in `Start`, when the journal last went on from here; None for who follows it
    whatever becomes of it.
    """

    position: int
    digest: bytes | None = None
    confirmed: int | None = None

    def goes_on(self, seen: _Seen) -> None:
        """What was seen follows."""
        if seen.entries:
            self.position = seen.entries[-1].position
        if seen.digest is not None:
            self.digest = seen.digest
            self.confirmed = None if self.confirmed is None else seen.confirmed

    def is_lost(self, session: ReadSession) -> bool:
        """Whether somebody has confirmed that the journal does not go on from here."""
        if self.confirmed is None or session.missing() is not None:
            return False
        return session.follow_start().confirmed > self.confirmed


def _tell(said: set[str], error: ZorgidError | None) -> None:
    """Log what is to be done, each thing once, and that all of it has passed.

    A replica that was only behind may become a primary that lacks what was seen.
    """
    if error is None:
        if said:
            _log.info("the journal can be followed again")
            said.clear()
    elif error.next_step not in said:
        said.add(error.next_step)
        _log.error(
            "the journal cannot be followed; trying again",
            extra={"why": error.message, "next_step": error.next_step},
        )


def _after(session: ReadSession, place: _Place) -> _Seen:
    """The entries that follow; refuses a journal that has a hole, lost its end or has another."""
    position, digest = place.position, place.digest
    entries, start = session.journal_after(position, BATCH), session.follow_start()
    if entries:
        before, last = entries[0].previous, entries[-1].digest
    else:
        if start.head.position < position:
            raise _shorter(session, position, start.head.position)
        before = last = start.head.digest
    if any(entry.position != position + 1 + index for index, entry in enumerate(entries)):
        raise ChainBroken(
            position=position + 1,
            message=f"the journal has a hole after entry {position}",
            next_step="run zorgid journal verify",
        )
    if digest is not None and before != digest:
        raise _another(position, f"the journal has another entry {position} than was there")
    return _Seen(entries=entries, digest=last, confirmed=start.confirmed)


def _shorter(session: ReadSession, position: int, last: int) -> ChainBroken:
    """Why the journal ends at ``last``, before what was seen: most often it is only a replica's."""
    if session.missing() is not None or not session.is_replica():
        return _another(position, f"the journal ends before entry {position}, which was there")
    return ChainBroken(
        position=position,
        message=f"the replica has replayed the journal to entry {last}; entry {position} was seen: "
        "waiting for it",
        next_step="nothing, if this passes; else look whether the replica streams, and from the "
        "primary that has this entry",
    )


def _another(position: int, message: str) -> ChainBroken:
    return ChainBroken(
        position=position,
        message=message,
        next_step="another copy of the store is in use: find the newest one; if nothing newer is "
        "left, stop issuance and publisher everywhere, and zorgid restore-confirm (docs/backup.md)",
    )
