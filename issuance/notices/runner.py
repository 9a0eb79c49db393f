"""Looks for what is to be told, and sends it, until it is stopped."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from issuance.notices.outbox import Outbox
from issuance.notices.plan import Planner
from issuance.notices.ports import Journal
from pki.domain.errors import ZorgidError
from pki.ports import happens

_log: Final = logging.getLogger(__name__)
_GRACE_SECONDS: Final = 10.0


class NoticeRunner:
    """Follows the journal, looks at the time each hour, and sends what waits each minute.

    Without an ``outbox`` nothing is sent; notices are made all the same. ``made`` counts them;
    ``waiting`` is how many seconds the oldest waited when last looked at.
    """

    def __init__(
        self,
        planner: Planner,
        outbox: Outbox | None,
        journal: Journal,
        *,
        look: timedelta = timedelta(hours=1),
        send: timedelta = timedelta(minutes=1),
    ) -> None:
        self._planner = planner
        self._outbox = outbox
        self._journal = journal
        self._look_seconds = look.total_seconds()
        self._send_seconds = send.total_seconds()
        self._news = asyncio.Event()
        self.made = 0
        self.waiting = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop``; what fails is logged and comes again.

        A message that is on its way then has some seconds to arrive: cut off, nobody would know
        whether it did.
        """
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(self._again(self._follow, self._send_seconds)),
                tasks.create_task(self._again(self._look, self._look_seconds)),
            ]
            if self._outbox is not None:
                background.append(tasks.create_task(self._sending(self._outbox, stop)))
            await stop.wait()
            if self._outbox is not None:
                self._news.set()
                await asyncio.wait(background[2:], timeout=_GRACE_SECONDS)
            for task in background:
                task.cancel()

    async def _follow(self) -> None:
        async for batch in self._journal.follow(await self._planner.position()):
            if batch:
                self._tell(await self._planner.take_up(batch))

    async def _look(self) -> None:
        self._tell(await self._planner.look())

    async def _sending(self, outbox: Outbox, stop: asyncio.Event) -> None:
        async def send() -> None:
            await outbox.round(stop.is_set)
            self.waiting = await outbox.waiting_seconds()

        await self._again(send, self._send_seconds, self._news, stop.is_set)

    def _tell(self, made: int) -> None:
        self.made += made
        if made:
            self._news.set()

    async def _again(
        self,
        step: Callable[[], Awaitable[object]],
        seconds: float,
        woken: asyncio.Event | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        sleeper = woken or asyncio.Event()
        while not stopping():
            sleeper.clear()
            try:
                await step()
            except ZorgidError as error:
                _log.warning("notices wait", extra={"why": error.code, "next": error.next_step})
            except Exception:  # noqa: BLE001 -- a defect in one notice must not end all of them
                _log.exception("notices broke down")
            await happens(sleeper, seconds)
