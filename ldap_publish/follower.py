"""Follows the journal and keeps the directory in line with the store.

The position is saved after what it stands for was read back from the directory, so a crash repeats
work and loses none. When the directory is down the follower waits and tries again, in order;
nothing else in the system waits for it. What can never be published is set aside: the rest flows,
and it is looked at again at every start.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ldap_publish.ports import CardCertificate, Cursors, Journal
from ldap_publish.upkeep import Target, Upkeep, target_of
from pki.domain.errors import Unavailable
from pki.domain.journal import JournalEntry
from pki.ports import Clock

CURSOR: Final = "ldap"
UNFINISHED_CURSOR: Final = "ldap-unfinished"
"""1 while a comparison of everything is owed or something is set aside; a start then begins so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorNames:
    """Under which names a follower keeps where it is."""

    position: str = CURSOR
    unfinished: str = UNFINISHED_CURSOR


def cursors_of(replica: str) -> CursorNames:
    """Those of one of several replicas; without a name those of the only directory."""
    if not replica:
        return CursorNames()
    return CursorNames(position=f"ldap:{replica}", unfinished=f"ldap:{replica}:unfinished")


_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How a follower waits, in seconds: after failures, doubling from ``first`` to ``longest``.

    ``per_second`` is how many things are brought in line in a second at most; 0: as many as go.
    """

    first: float = 0.25
    longest: float = 15.0
    per_second: float = 0.0

    def after(self, failures: int) -> float:
        """How long to wait after this many failures in a row (1 and up)."""
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 30))

    def rest(self, count: int, seconds: float) -> float:
        """How long to rest after this many things, which took ``seconds``."""
        if not self.per_second:
            return 0.0
        return max(0.0, count / self.per_second - seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """Something that could not be published (``serial`` empty: a CRL), and why."""

    issuer: str
    serial: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapStatistics:
    """For metrics. ``lag_seconds``: the age of the oldest change that waits for the directory."""

    position: int
    lag_seconds: float
    connected: bool
    changes: int
    failures: int
    set_aside: tuple[SetAside, ...]


class LdapFollower:
    """Runs until it is cancelled; one per directory."""

    def __init__(
        self,
        *,
        journal: Journal,
        cursors: Cursors,
        upkeep: Upkeep,
        clock: Clock,
        backoff: Backoff | None = None,
        replica: str = "",
    ) -> None:
        self.replica = replica
        self._names = cursors_of(replica)
        self._journal = journal
        self._cursors = cursors
        self._upkeep = upkeep
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._position = 0
        self._unfinished = False
        self._waiting_since: datetime | None = None
        self._look_at_tree = True
        self._owes_comparison = False
        self._failures = 0
        self._in_a_row = 0

    def statistics(self) -> LdapStatistics:
        """How it goes."""
        since = self._waiting_since
        lag = 0.0 if since is None else (self._clock.now() - since).total_seconds()
        return LdapStatistics(
            position=self._position,
            lag_seconds=max(0.0, lag),
            connected=self._in_a_row == 0,
            changes=self._upkeep.changes,
            failures=self._failures,
            set_aside=tuple(
                SetAside(
                    issuer=target.issuer.value,
                    serial="" if target.serial is None else target.serial.hex,
                    why=why,
                )
                for target, why in self._upkeep.set_aside.items()
            ),
        )

    async def run(self) -> None:
        """Bring the directory in line and keep it so; waits out whatever is unavailable."""
        self._waiting_since = self._clock.now()
        await self._persist(self._start)
        self._waiting_since = None
        while True:
            await self._persist(self._follow)

    async def _persist(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do the step until it succeeds; each step carries on where it was broken off."""
        while True:
            try:
                await step()
            except Unavailable as error:
                self._look_at_tree = True
                self._failures += 1
                self._in_a_row += 1
                delay = self._backoff.after(self._in_a_row)
                fields = {"failures": self._in_a_row, "retry_seconds": delay, "why": str(error)}
                fields["replica"] = self.replica
                _log.warning("directory not in line yet", extra=fields)
                await asyncio.sleep(delay)
            else:
                self._in_a_row = 0
                return

    async def _start(self) -> None:
        self._position = await self._cursors.load(self._names.position)
        self._unfinished = await self._cursors.load(self._names.unfinished) != 0
        if self._unfinished:
            await self._reconcile()
        await self._mend_tree()

    async def _follow(self) -> None:
        async for batch in self._journal.follow(self._position):
            await self._batch(batch)

    async def _batch(self, batch: Sequence[JournalEntry]) -> None:
        if not batch:
            return
        self._waiting_since = batch[0].at
        targets = (target_of(entry.event) for entry in batch)
        work: dict[Target, CardCertificate | None] = dict.fromkeys(
            target for target in targets if target is not None
        )
        began, owed = time.monotonic(), len(work)
        await self._persist(lambda: self._drain(work))
        await self._persist(lambda: self._save(batch[-1].position))
        self._waiting_since = None
        await asyncio.sleep(self._backoff.rest(owed, time.monotonic() - began))

    async def _drain(self, work: dict[Target, CardCertificate | None]) -> None:
        """Bring the targets in line; what is done leaves ``work``, and counts as getting on."""
        await self._mend_tree()
        owed = len(work)
        try:
            stands = await self._upkeep.bring(work)
        finally:
            if len(work) < owed:
                self._in_a_row = 0
        if not stands:
            await self._reconcile()

    async def _mend_tree(self) -> None:
        """After a failure the directory may be another one, or empty, or filled in part."""
        if self._owes_comparison or (self._look_at_tree and not await self._upkeep.tree_stands()):
            await self._reconcile()
        self._look_at_tree = False

    async def _reconcile(self) -> None:
        if not self._unfinished:
            await self._cursors.save(self._names.unfinished, 1)
            self._unfinished = True
        self._owes_comparison = True
        await self._upkeep.reconcile()
        self._owes_comparison = False
        await self._note_unfinished()

    async def _save(self, position: int) -> None:
        await self._note_unfinished()
        await self._cursors.save(self._names.position, position)
        self._position = position

    async def _note_unfinished(self) -> None:
        unfinished = bool(self._upkeep.set_aside)
        if unfinished != self._unfinished:
            await self._cursors.save(self._names.unfinished, int(unfinished))
            self._unfinished = unfinished
