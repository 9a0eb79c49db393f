"""Follows the journal, and looks in each sink until it shows what changed.

Nothing waits for it. What is awaited is kept in the book, so that a restart goes on where it was;
of a certificate that changed again only the last change is looked for.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pki.domain.evidence.receipts import Receipt
from pki.domain.journal import JournalEntry
from pki.domain.records import StatusInterval
from pki.observe.receipts.ports import Book, Journal, Measure, Sink
from pki.ports import Clock

_log: Final = logging.getLogger(__name__)
_EAGER_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much is watched at once, and how often is looked.

    A sink is looked at soon after a change, then less and less often, down to once in ``idle``
    seconds while it does not show it, and in ``away`` seconds while it cannot be read.
    """

    most: int = 1000
    idle: float = 1.0
    away: float = 15.0


class _Gaze:
    """What one sink should show; only the newest change of each certificate."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.awaited: dict[object, StatusInterval] = {}
        self.woken = asyncio.Event()
        self.pause = _EAGER_SECONDS
        self.failures = 0

    def expect(self, change: StatusInterval) -> None:
        if change.issuer not in self.sink.issuers:
            return
        self.awaited[change.issuer, change.serial] = change
        self.pause = _EAGER_SECONDS
        self.woken.set()

    def oldest(self, now: datetime) -> float:
        since = min((each.since for each in tuple(self.awaited.values())), default=now)
        return max(0.0, (now - since).total_seconds())

    def drop(self, change: StatusInterval) -> None:
        key = change.issuer, change.serial
        if self.awaited.get(key) is change:
            del self.awaited[key]


class Watcher:
    """Runs until it is cancelled."""

    def __init__(
        self,
        *,
        journal: Journal,
        book: Book,
        sinks: Sequence[Sink],
        clock: Clock,
        measure: Measure,
        pace: Pace | None = None,
    ) -> None:
        self._journal = journal
        self._book = book
        self._gazes = tuple(_Gaze(each) for each in sinks)
        self._clock = clock
        self._measure = measure
        self._pace = pace or Pace()
        self._position: int | None = None

    @property
    def waiting(self) -> dict[str, int]:
        """How many changes each sink does not show yet."""
        return {gaze.sink.name: len(gaze.awaited) for gaze in self._gazes}

    @property
    def oldest(self) -> dict[str, float]:
        """Seconds since the oldest change that each sink does not show was made; 0 without one."""
        now = self._clock.now()
        return {gaze.sink.name: gaze.oldest(now) for gaze in self._gazes}

    async def run(self) -> None:
        """Watch, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            for gaze in self._gazes:
                tasks.create_task(self._look(gaze))

    async def _follow(self) -> None:
        while True:
            try:
                if self._position is None:
                    self._position = await self._begin()
                async for batch in self._journal.follow(self._position):
                    await self._take_up(self._position, batch)
                    self._position = batch[-1].position if batch else self._position
            except Exception as error:  # noqa: BLE001 -- nothing may end the following
                why = {"why": f"{type(error).__name__}: {error}"}
                _log.warning("changes cannot be taken up for receipts", extra=why)
                await asyncio.sleep(self._pace.away)

    async def _begin(self) -> int:
        """Take over what a former run awaited; the first run of all begins at the end."""
        by_name = {gaze.sink.name: gaze for gaze in self._gazes}
        for name, change in await self._book.awaited():
            if name in by_name:
                by_name[name].expect(change)
        position = await self._book.position()
        return position or (await self._journal.head()).position

    async def _take_up(self, after: int, batch: Sequence[JournalEntry]) -> None:
        if not batch:
            return
        sinks = {gaze.sink.name: gaze.sink.issuers for gaze in self._gazes}
        room = self._pace.most - max(self.waiting.values(), default=0)
        changes = await self._book.take_up(after, batch[-1].position, sinks, max(room, 0))
        for change in changes:
            for gaze in self._gazes:
                gaze.expect(change)

    async def _look(self, gaze: _Gaze) -> None:
        while True:
            if not gaze.awaited:
                gaze.woken.clear()
                await gaze.woken.wait()
            await self._look_once(gaze)
            await asyncio.sleep(gaze.pause)

    async def _look_once(self, gaze: _Gaze) -> None:
        awaited = tuple(gaze.awaited.values())
        try:
            shown = await gaze.sink.shown(awaited)
            now = self._clock.now()
            seen = [each for each in awaited if each.position in shown]
            receipts = [
                Receipt(
                    position=each.position,
                    sink=gaze.sink.name,
                    shown_at=now,
                    sha256=shown[each.position],
                )
                for each in seen
            ]
            if receipts:
                await self._book.keep(receipts)
        except Exception as error:  # noqa: BLE001 -- nothing that is read may end the looking
            self._failed(gaze, error)
            return
        gaze.failures = 0
        gaze.pause = min(2 * gaze.pause, self._pace.idle)
        for each in seen:
            gaze.drop(each)
            took = max(0.0, (now - each.since).total_seconds())
            fields = {"position": each.position, "sink": gaze.sink.name}
            _log.info("a change is shown", extra={**fields, "milliseconds": round(took * 1000, 1)})
            self._measure(gaze.sink.name, took)

    def _failed(self, gaze: _Gaze, error: Exception) -> None:
        gaze.failures += 1
        gaze.pause = min(max(gaze.pause, self._pace.idle) * 2, self._pace.away)
        if gaze.failures == 1:
            fields = {"sink": gaze.sink.name, "why": f"{type(error).__name__}: {error}"}
            _log.warning("what a sink shows cannot be read; trying on", extra=fields)
