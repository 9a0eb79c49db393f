"""Following the journal: every entry once, in order, within a moment of its commit."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Sequence
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

    def age(self) -> float:
        """Seconds since a look, begun then, whose entries have all been dealt with; or infinity.

        Whatever was committed longer ago than this is known to the follower.
        """
        return time.monotonic() - self._seen

    def mark(self, began: float) -> None:
        """A look that began at this `time.monotonic` left nothing to do."""
        self._seen = began


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
        contact = contact or Contact()
        sleeper = asyncio.Event()
        self._sleepers.add(sleeper)
        try:
            while True:
                sleeper.clear()
                began = time.monotonic()
                entries, failing = await self._look(position, failing=failing)
                if entries:
                    position = entries[-1].position
                    yield entries
                if not failing and len(entries) < BATCH:
                    contact.mark(began)
                if not entries:
                    await self._rest(sleeper)
        finally:
            self._sleepers.discard(sleeper)

    async def _look(self, position: int, *, failing: bool) -> tuple[Sequence[JournalEntry], bool]:
        """New entries, also of a replica that is behind, and whether the store failed."""
        began = time.monotonic()
        entries: Sequence[JournalEntry] = ()
        try:
            entries, behind = await self._store.read(lambda session: self._new(session, position))
            if behind is not None:
                raise behind
        except ZorgidError as error:
            if not failing:
                _log.error(
                    "the journal cannot be followed; trying again",
                    extra={"why": error.message, "next_step": error.next_step},
                )
            return entries, True
        if failing:
            _log.info("the journal can be followed again")
        if len(entries) < BATCH:
            self.last_contact = began
        return entries, False

    def _new(
        self, session: ReadSession, position: int
    ) -> tuple[Sequence[JournalEntry], StoreUnavailable | None]:
        """What is new in one snapshot, and why that may not be all there is."""
        entries = _after(session, position)
        try:
            session.require_abreast(self._clock.now())
        except StoreUnavailable as error:
            return entries, error
        return entries, None

    async def _rest(self, sleeper: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._poll_seconds):
                await sleeper.wait()
        except TimeoutError:
            return


def _after(session: ReadSession, position: int) -> Sequence[JournalEntry]:
    """The entries that follow; refuses a journal that has a hole or lost its end."""
    entries = session.journal_after(position, BATCH)
    if not entries and session.head().position < position:
        raise ChainBroken(
            position=position,
            message=f"the journal ends before entry {position}, which was there",
            next_step="an older copy of the store is in use: find the newest one",
        )
    if any(entry.position != position + 1 + index for index, entry in enumerate(entries)):
        raise ChainBroken(
            position=position + 1,
            message=f"the journal has a hole after entry {position}",
            next_step="run zorgid journal verify",
        )
    return entries
