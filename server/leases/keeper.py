"""Takes and renews the leases of this process: one small transaction for all of them.

::

    a third of a lease passes ─▶ renew what is held, take what is free ─▶ the tasks begin, or go on
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from pki.domain.errors import ZorgidError
from pki.domain.leases.records import Claim
from pki.ports import happens
from pki.store.writing import WriteSession
from pki.telemetry.metrics import Reading
from server.leases.names import Task
from server.leases.once import OnceTask, Writes

_log: Final = logging.getLogger(__name__)


class LeaseKeeper:
    """All leases that this process wants, under the name ``holder``, each for ``length``."""

    def __init__(
        self,
        store: Writes,
        *,
        holder: str,
        length: timedelta,
        moment: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._holder = holder
        self._length = length
        self._moment = moment
        self._tasks: dict[Task, OnceTask] = {}
        self._places: list[OnceTask] = []
        self._begun: set[str] = set()
        self._failing = False

    def task(self, task: Task) -> OnceTask:
        """One that this process would run; it is its turn when the lease is had."""
        made = OnceTask(task.value, self._store, self._moment)
        self._tasks[task] = made
        return made

    async def enter(self, role: str) -> bool:
        """Say that this process has the role, as many may; whether no other has it now.

        Raises:
            StoreUnavailable: nobody was told.
        """
        prefix = f"{role}/"
        place = OnceTask(prefix + self._holder, self._store, self._moment)
        self._places.append(place)
        await self._take_turns([place])

        def others(session: WriteSession) -> bool:
            return any(
                each.held and each.name.startswith(prefix) and each.name != place.name
                for each in session.leases()
            )

        return not await self._store.write(others)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep them until ``stop``; a store that fails is asked again, and told of once."""
        while not stop.is_set():
            await self._round()
            await happens(stop, self._length.total_seconds() / 3)

    async def release(self) -> None:
        """Let others begin at once; to be called when nothing runs any more."""
        claims = [each.claim for each in self._wanted() if each.claim is not None]

        def work(session: WriteSession) -> None:
            for each in claims:
                session.give_back_lease(each)

        try:
            await self._store.write(work)
        except ZorgidError as error:
            _log.warning("leases were not given back: they run out", extra={"why": error.message})

    def readings(self) -> Iterator[Reading]:
        """Which tasks are this process's, and how often it lost one."""
        for each in self._tasks.values():
            labels = {"task": each.name}
            yield Reading(name="zorgid_lease_held", value=float(each.held), labels=labels)
            yield Reading(name="zorgid_lease_losses_total", value=each.losses, labels=labels)

    def _wanted(self) -> Sequence[OnceTask]:
        return [*self._tasks.values(), *self._places]

    async def _round(self) -> None:
        try:
            await self._take_turns(self._wanted())
        except ZorgidError as error:
            if not self._failing:
                _log.error(
                    "leases cannot be renewed; what runs once stops when they end",
                    extra={"why": error.message, "next_step": error.next_step},
                )
            self._failing = True
        else:
            self._failing = False

    async def _take_turns(self, wanted: Sequence[OnceTask]) -> None:
        """Renew or take each; its end is counted from before the store was asked."""
        for each in wanted:
            if each.claim is not None and not each.held:
                each.lose()
        asked = [each for each in wanted if each.claim is not None or each.idle]
        claims = [(each.name, each.claim) for each in asked]
        ends = self._moment() + self._length.total_seconds()

        def work(session: WriteSession) -> Sequence[Claim | None]:
            return [self._turn(session, name, claim) for name, claim in claims]

        for each, (_, former), claim in zip(
            asked, claims, await self._store.write(work), strict=True
        ):
            if claim is None:
                if each.claim is not None:
                    each.lose()
            elif each.claim == former:
                self._begun.add(each.name)
                each.grant(claim, ends)

    def _turn(self, session: WriteSession, name: str, claim: Claim | None) -> Claim | None:
        if claim is not None:
            return claim if session.renew_lease(claim, self._length) else None
        return session.take_lease(
            name, self._holder, self._length, restarted=name not in self._begun
        )
