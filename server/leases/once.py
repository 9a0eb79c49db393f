"""One task that one process at a time runs: it begins when its lease is had, and stops without it.

By its own measure a process stops before the store lets another one begin; should it sleep through
that, what it then writes is refused by the store, since it shows a token that is not the newest.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol, TypeVar

from pki.domain.errors import LeaseLost
from pki.domain.leases.records import Claim
from pki.ports import happens
from pki.store.writing import WriteSession

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)


class Writes(Protocol):
    """The writing side of the store."""

    async def write(self, work: Callable[[WriteSession], T]) -> T:
        """Run ``work`` in a transaction; its value after COMMIT.

        Raises:
            StoreUnavailable: nothing was changed.
        """
        ...


class OnceTask:
    """A lease as this process has it, and what may run under it.

    ``moment``: seconds that only grow, whatever the clock is set to.
    """

    def __init__(
        self, name: str, store: Writes, moment: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self.store: Final[Writes] = _FencedStore(store, self)
        self.losses = 0
        self.claim: Claim | None = None
        self._moment = moment
        self._ends = -math.inf
        self._running = False
        self._granted = asyncio.Event()
        self._lost = asyncio.Event()

    @property
    def held(self) -> bool:
        """Whether nobody else can have begun."""
        return self.claim is not None and self._moment() < self._ends

    @property
    def idle(self) -> bool:
        """Whether nothing runs that began under a lease of before."""
        return not self._running

    def proven(self) -> Claim:
        """What a write shows.

        Raises:
            LeaseLost: it is not held now.
        """
        if self.claim is None or not self.held:
            raise LeaseLost(
                message=f"this process may not go on with: {self.name}",
                next_step="nothing: it waits until it is its turn again",
            )
        return self.claim

    def grant(self, claim: Claim, ends: float) -> None:
        """Have it until ``ends``, for the first time or for longer."""
        if self.claim != claim:
            _log.info("a task is this process's now", extra={"task": claim.name})
        self.claim, self._ends = claim, ends
        self._lost.clear()
        self._granted.set()

    def lose(self) -> None:
        """Have it no more; whatever runs is stopped."""
        if self.claim is not None:
            self.losses += 1
            _log.warning(
                "a task is stopped here: its lease has ended, or another process has it",
                extra={"task": self.name},
            )
        self.claim, self._ends = None, -math.inf
        self._granted.clear()
        self._lost.set()

    async def run(self, task: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run ``task`` whenever the lease is held, until cancelled."""
        while True:
            await self._granted.wait()
            self._running = True
            try:
                async with asyncio.TaskGroup() as tasks:
                    running = tasks.create_task(task())
                    await self._until_lost()
                    running.cancel()
            finally:
                self._running = False

    async def _until_lost(self) -> None:
        while self.held:
            await happens(self._lost, max(0.0, self._ends - self._moment()))
        if self.claim is not None:
            self.lose()


class _FencedStore:
    """Refuses in the transaction itself what comes after another has taken over."""

    def __init__(self, store: Writes, task: OnceTask) -> None:
        self._store = store
        self._task = task

    async def write(self, work: Callable[[WriteSession], T]) -> T:
        claim = self._task.proven()

        def fenced(session: WriteSession) -> T:
            session.require_lease(claim)
            return work(session)

        try:
            return await self._store.write(fenced)
        except LeaseLost:
            if self._task.claim == claim:
                self._task.lose()
            raise
