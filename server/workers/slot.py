"""One place for a worker, with a listening socket that outlives every worker in it.

Connections wait in the queue of the socket, not of the process: what a dead, stuck or leaving
worker did not take is taken by its neighbours, or by the next one. Linux resets them when the last
owner of a SO_REUSEPORT socket closes it (socket(7), tcp(7)), so the supervisor never does while it
runs.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from server.workers.worker import Order, Worker

READY_SECONDS: Final = 60.0
"""How long a worker that is to take over may need until it is ready."""

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
STEADY_SECONDS: Final = 30.0
"""A worker that lived this long is started again at once; others after a pause that doubles."""

_log = logging.getLogger(__name__)


async def rest(seconds: float) -> None:
    """Between one start and the next."""
    await asyncio.sleep(seconds)


async def until_any(*waits: Coroutine[Any, Any, object]) -> None:
    """Return when the first of them does; the others are cancelled."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each) for each in waits]
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for each in running:
            each.cancel()


@dataclass(slots=True, kw_only=True)
class SlotStatistics:
    """Counts since the start: workers that ended by themselves, and those that were replaced."""

    crashed: int = 0
    replaced: int = 0
    refused: int = 0


@dataclass(slots=True, kw_only=True)
class Slot:
    """Keeps one worker running. ``failure``: why it never came up, as an exit code."""

    order: Order
    worker: Worker | None = None
    failure: int | None = None
    statistics: SlotStatistics = field(default_factory=SlotStatistics)
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _replaced: asyncio.Event = field(default_factory=asyncio.Event)
    _came_up: bool = False
    _pause: float = 0.0

    async def replace(self) -> None:
        """Put a new worker in the place of this one; returns when that is done, or refused."""
        self._replaced.clear()
        self._wanted.set()
        await self._replaced.wait()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep a worker until ``stop``, then let it finish.

        A first worker that cannot start, and says so by its exit code, stops everything: to try
        again would not mend a configuration.
        """
        async with asyncio.TaskGroup() as leaving:
            self.worker = await Worker.start(self.order)
            try:
                while not stop.is_set():
                    await self._wait(self.worker, stop)
                    if stop.is_set():
                        break
                    if self.worker.code is not None:
                        await self._after_end(self.worker, stop)
                    elif self._wanted.is_set():
                        await self._hand_over(self.worker, stop, leaving)
            finally:
                self._replaced.set()
                await self.worker.end()

    async def _wait(self, worker: Worker, stop: asyncio.Event) -> None:
        waits = [worker.ended(), stop.wait(), self._wanted.wait()]
        if not worker.ready:
            waits.append(worker.until_ready())
        else:
            waits.append(self._killed_when_stuck(worker))
        await until_any(*waits)
        self._came_up = self._came_up or worker.ready

    async def _killed_when_stuck(self, worker: Worker) -> None:
        await worker.until_stuck()
        _log.error("a worker is stuck and is killed", extra={"worker": self.order.number})
        worker.kill()
        await worker.ended()

    async def _after_end(self, worker: Worker, stop: asyncio.Event) -> None:
        await worker.end()
        code = worker.code or 0
        if not self._came_up and code > 0:
            self.failure = code
            stop.set()
            return
        self.statistics.crashed += 1
        steady = worker.lived > STEADY_SECONDS
        pause = 0.0 if steady else self._pause
        self._pause = FIRST_PAUSE if steady else min(max(2 * pause, FIRST_PAUSE), LONGEST_PAUSE)
        _log.error(
            "a worker ended and is started again",
            extra={"worker": self.order.number, "exit_code": code, "pause_seconds": pause},
        )
        await until_any(stop.wait(), rest(pause))
        if not stop.is_set():
            self.worker = await Worker.start(self.order)

    async def _hand_over(
        self, old: Worker, stop: asyncio.Event, leaving: asyncio.TaskGroup
    ) -> None:
        """Both take connections until the new one is ready; then the old one leaves."""
        new = await Worker.start(self.order)
        limit = asyncio.sleep(READY_SECONDS)
        await until_any(new.until_ready(), new.ended(), stop.wait(), limit)
        if new.ready and new.code is None:
            self.worker = new
            self.statistics.replaced += 1
            leaving.create_task(old.end())
        else:
            self.statistics.refused += 1
            _log.error(
                "the new worker did not become ready; the old one stays",
                extra={"worker": self.order.number, "exit_code": new.code},
            )
            new.kill()
            await new.end()
        self._wanted.clear()
        self._replaced.set()
