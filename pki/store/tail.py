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
from pki.ports import Clock, SystemClock
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
    end, minus infinity before the first. A failing store ends nothing: it is logged once, and the
    looks go on.
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
        position, failing = after, False
        digest: bytes | None = None
        contact = contact or Contact()
        sleeper = asyncio.Event()
        self._sleepers.add(sleeper)
        try:
            while True:
                sleeper.clear()
                began = time.monotonic()
                seen = await self._look(position, digest, failing=failing)
                entries, failing = seen.entries, seen.error is not None
                if isinstance(seen.error, ChainBroken):
                    contact.broken = seen.error
                digest = seen.digest or digest
                if entries:
                    position = entries[-1].position
                    yield entries
                if not failing and len(entries) < BATCH:
                    contact.mark(began)
                if not entries:
                    await self._rest(sleeper)
        finally:
            self._sleepers.discard(sleeper)

    async def _look(self, position: int, digest: bytes | None, *, failing: bool) -> "_Seen":
        """New entries, also of a replica that is behind, and how the store failed."""
        began = time.monotonic()
        try:
            seen = await self._store.read(lambda session: self._new(session, position, digest))
        except ZorgidError as error:
            seen = _Seen(error=error)
        if seen.error is None and failing:
            _log.info("the journal can be followed again")
        if seen.error is not None and not failing:
            _log.error(
                "the journal cannot be followed; trying again",
                extra={"why": seen.error.message, "next_step": seen.error.next_step},
            )
        if seen.error is None and len(seen.entries) < BATCH:
            self.last_contact = began
        return seen

    def _new(self, session: ReadSession, position: int, digest: bytes | None) -> "_Seen":
        """What is new in one snapshot, and why that may not be all there is."""
        seen = _after(session, position, digest)
        try:
            session.require_abreast(self._clock.now())
        except StoreUnavailable as error:
            return replace(seen, error=error)
        return seen

    async def _rest(self, sleeper: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._poll_seconds):
                await sleeper.wait()
        except TimeoutError:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One look: what is new, the digest of the last entry there is, and why that may not be all."""

    entries: Sequence[JournalEntry] = ()
    digest: bytes | None = None
    error: ZorgidError | None = None


def _after(session: ReadSession, position: int, digest: bytes | None) -> _Seen:
    """The entries that follow; refuses a journal that has a hole, lost its end or has another.

    ``digest``: of the entry at ``position``; None before the first look.
    """
    entries = session.journal_after(position, BATCH)
    if entries:
        before, last = entries[0].previous, entries[-1].digest
    else:
        head = session.head()
        if head.position < position:
            raise _another(position, f"the journal ends before entry {position}, which was there")
        before = last = head.digest
    if any(entry.position != position + 1 + index for index, entry in enumerate(entries)):
        raise ChainBroken(
            position=position + 1,
            message=f"the journal has a hole after entry {position}",
            next_step="run zorgid journal verify",
        )
    if digest is not None and before != digest:
        raise _another(position, f"the journal has another entry {position} than was there")
    return _Seen(entries=entries, digest=last)


def _another(position: int, message: str) -> ChainBroken:
    return ChainBroken(
        position=position,
        message=message,
        next_step="another copy of the store is in use: find the newest one; if nothing newer is "
        "left, zorgid restore-confirm (docs/backup.md), then start this anew",
    )
