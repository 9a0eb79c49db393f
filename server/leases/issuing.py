"""What of the role `issuance` runs once: CRLs, endings by time, and checkpoints of the journal."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from crl.follower import CrlFollower
from issuance.desk import Desk
from issuance.endings.runner import EndingRunner
from issuance.lapse import LapseRunner
from pki.ports import Clock
from pki.store.reading import ReadStore
from server.checkpoints.maker import CheckpointMaker, Evidence
from server.leases.keeper import LeaseKeeper
from server.leases.names import Task
from server.leases.once import Writes


class CrlTask:
    """The builder of each list."""

    def __init__(
        self, leases: LeaseKeeper, make: Callable[[Writes], Sequence[CrlFollower]]
    ) -> None:
        self._task = leases.task(Task.CRLS)
        self._followers = make(self._task.store)

    @property
    def built(self) -> Sequence[CrlFollower]:
        """The builders, where they are at work."""
        return self._followers if self._task.held else ()

    async def run(self) -> None:
        """Build, in turn."""
        await self._task.run(self._build)

    def problem(self) -> str | None:
        """Which list is late, as far as whoever builds them knows."""
        for each in self.built:
            if each.overdue():
                why = each.statistics.last_error or "none was built yet"
                return f"the CRL of {each.list_id} is late: {why}"
        return None

    async def _build(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for each in self._followers:
                tasks.create_task(each.run())


class EndingTask:
    """What was begun and not finished ends, and so do cards whose time has come."""

    def __init__(self, leases: LeaseKeeper, desk: Desk) -> None:
        self._task = leases.task(Task.ENDINGS)
        desk = replace(desk, store=self._task.store)
        self._lapses = LapseRunner(desk)
        self.cards = EndingRunner(desk)

    async def run(self) -> None:
        """End, in turn."""
        await self._task.run(self._end)

    async def _end(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._lapses.run())
            tasks.create_task(self.cards.run())


class CheckpointTask:
    """The journal's end is signed. Who has no evidence key must not keep it from who has."""

    def __init__(
        self,
        leases: LeaseKeeper,
        evidence: Evidence,
        reader: ReadStore,
        *,
        clock: Clock,
        seconds: float,
    ) -> None:
        """One every so many ``seconds``."""
        self._task = leases.task(Task.CHECKPOINTS)
        every = timedelta(seconds=seconds)
        stores = (self._task.store, reader)
        self.maker = CheckpointMaker(stores, evidence, clock=clock, every=every)

    async def run(self) -> None:
        """Sign, in turn."""
        await self._task.run(self.maker.run)
