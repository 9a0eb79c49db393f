"""Brings published CRLs to one sink. It never ends, and nothing waits for it.

What could not be brought stays waiting, list by list, and is tried again; the position is saved
when nothing waits. Everything may be done twice: a sink takes no CRL for an older one.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from crl.sinks.ports import Archive, Cursors, Journal, Sink
from pki.domain.errors import ZorgidError
from pki.domain.events import CrlPublished
from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalEntry
from pki.ports import Clock, happens

_log: Final = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkStatistics:
    """For metrics. ``oldest_seconds``: since when the list that waits longest does; else 0."""

    position: int
    shown: int
    failures: int
    waiting: int
    oldest_seconds: float
    failing: bool


@dataclass(slots=True)
class _Waiting:
    since: datetime
    numbers: list[int] = field(default_factory=list)


class SinkFollower:
    """``names``: under which name each list of the store is served."""

    def __init__(
        self,
        sink: Sink,
        names: Mapping[IssuerId, str],
        *,
        journal: Journal,
        archive: Archive,
        cursors: Cursors,
        clock: Clock,
    ) -> None:
        self._sink = sink
        self._names = names
        self._journal = journal
        self._archive = archive
        self._cursors = cursors
        self._clock = clock
        self._waiting: dict[IssuerId, _Waiting] = {}
        self._woken = asyncio.Event()
        self._begun = False
        self._seen = 0
        self._saved = 0
        self._shown = 0
        self._failures = 0
        self._in_a_row = 0

    @property
    def name(self) -> str:
        """The sink's."""
        return self._sink.name

    @property
    def cursor(self) -> str:
        """Under which name the store keeps how far it has come."""
        return f"crl-sink/{self._sink.name}"

    def statistics(self) -> SinkStatistics:
        """How it goes."""
        since = min((each.since for each in self._waiting.values()), default=None)
        oldest = 0.0 if since is None else (self._clock.now() - since).total_seconds()
        return SinkStatistics(
            position=self._saved,
            shown=self._shown,
            failures=self._failures,
            waiting=len(self._waiting),
            oldest_seconds=max(oldest, 0.0),
            failing=self._in_a_row > 0,
        )

    async def run(self) -> None:
        """Follow and bring, for ever; where it has come to is asked of the store each time."""
        self._begun = False
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._bring_all())

    async def _watch(self) -> None:
        failures = 0
        while True:
            try:
                await self._begin()
                async for batch in self._journal.follow(self._seen):
                    self._see(batch)
                    failures = 0
            except Exception as error:  # noqa: BLE001 -- nothing may end the following
                failures += 1
                self._failed("the journal cannot be followed", error)
            await asyncio.sleep(pause_after(max(failures, 1)))

    async def _begin(self) -> None:
        """Whatever the sink holds, every list is looked at once; the journal tells the rest."""
        if self._begun:
            return
        self._saved = await self._cursors.load(self.cursor)
        self._seen = self._saved or (await self._journal.head()).position
        now = self._clock.now()
        self._waiting = {issuer: _Waiting(now) for issuer in self._names}
        self._begun = True
        self._woken.set()

    def _see(self, batch: Sequence[JournalEntry]) -> None:
        for entry in batch:
            event = entry.event
            if isinstance(event, CrlPublished) and event.issuer in self._names:
                waiting = self._waiting.setdefault(event.issuer, _Waiting(entry.at))
                waiting.numbers.append(event.number)
                self._woken.set()
        self._seen = batch[-1].position

    async def _bring_all(self) -> None:
        while True:
            await self._rest()
            failed = False
            for issuer in tuple(self._waiting):
                failed |= not await self._done(issuer)
            if not self._waiting and self._begun:
                failed |= not await self._kept()
            if self._in_a_row and not failed:
                _log.info("the sink takes CRLs again", extra={"sink": self.name})
            self._in_a_row = self._in_a_row + 1 if failed else 0

    async def _rest(self) -> None:
        """Until there is something new; after a failure no longer than a pause."""
        pause = pause_after(self._in_a_row) if self._in_a_row else None
        if await happens(self._woken, pause):
            self._woken.clear()

    async def _done(self, issuer: IssuerId) -> bool:
        waiting = self._waiting[issuer]
        numbers = tuple(waiting.numbers)
        try:
            await self._bring(issuer, numbers)
        except Exception as error:  # noqa: BLE001 -- one list must not stop the others
            self._failed("a CRL was not brought to its sink; trying again", error, issuer)
            return False
        del waiting.numbers[: len(numbers)]
        if not waiting.numbers:
            del self._waiting[issuer]
        return True

    async def _bring(self, issuer: IssuerId, numbers: Sequence[int]) -> None:
        latest = await self._archive.latest(issuer)
        if latest is None:
            return
        name, began = self._names[issuer], time.monotonic()
        if await self._sink.show(name, latest):
            self._shown += 1
            took = round((time.monotonic() - began) * 1000, 1)
            fields = {"sink": self.name, "issuer": issuer.value, "number": latest.number}
            _log.info("CRL brought to its sink", extra={**fields, "milliseconds": took})
        if self._sink.keeps_old:
            await self._sink.keep(name, latest)
            for number in (each for each in numbers if each != latest.number):
                old = await self._archive.numbered(issuer, number)
                if old is not None:
                    await self._sink.keep(name, old)

    async def _kept(self) -> bool:
        position = self._seen
        if position == self._saved:
            return True
        try:
            await self._cursors.save(self.cursor, position)
        except ZorgidError as error:
            self._failed("the position of a sink was not saved; trying again", error)
            return False
        self._saved = position
        return True

    def _failed(self, what: str, error: Exception, issuer: IssuerId | None = None) -> None:
        """Said when it begins; while it lasts, only metrics and the finest log go on."""
        self._failures += 1
        known = isinstance(error, ZorgidError)
        _log.log(
            logging.DEBUG if self._in_a_row else logging.ERROR,
            what,
            exc_info=None if known else error,
            extra={
                "sink": self.name,
                "issuer": "" if issuer is None else issuer.value,
                "why": str(error),
                "next_step": error.next_step
                if isinstance(error, ZorgidError)
                else "this is a defect: report it; it goes on being tried",
            },
        )


def pause_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row, at most `LONGEST_PAUSE`."""
    return min(FIRST_PAUSE * float(2 ** min(failures - 1, 16)), LONGEST_PAUSE)
