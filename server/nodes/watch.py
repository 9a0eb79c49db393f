"""Whether this node's clock can be believed, and whether others issue by the same profiles."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pki.domain.errors import Unavailable, ZorgidError
from pki.domain.leases.records import Lease
from pki.ports import Clock, happens
from pki.store.reading import ReadSession, ReadStore
from pki.telemetry.metrics import Reading
from server.examining.database import APART
from server.nodes.profiles import nodes_that_differ

_log: Final = logging.getLogger(__name__)

EVERY_SECONDS: Final = 2.0
LONGEST_LOOK: Final = 5.0
"""Seconds: what a database that answers more slowly says of the time is no measure."""

BEHIND: Final = timedelta(seconds=60)
"""Behind the journal's last entry, which another node may have written with a clock that is ahead
by `APART`."""

_STEP: Final = "set the clock right by NTP; if it was wrong at the start, restart this service"


def since_boot() -> float:
    """Seconds that go on while the computer sleeps, whatever its clock is set to."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Anchor:
    """A moment that is believed, whose clock it was read from, and what was on the meter then."""

    at: datetime
    whose: str
    meter: float


class NodeWatch:
    """Compares this node's clock with the database's, or else with its own since the start.

    ``meter``: seconds that only grow. Between two looks, and while the store cannot be read, time
    goes on by the meter; so a clock that is set is noticed by whoever asks next.
    """

    def __init__(
        self, reader: ReadStore, clock: Clock, *, meter: Callable[[], float] = since_boot
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._meter = meter
        self._anchor = _Anchor(at=clock.now(), whose="itself at the start", meter=meter())
        self._journal: datetime | None = None
        self._differing: tuple[str, ...] = ()
        self._told_right = True

    async def run(self, stop: asyncio.Event) -> None:
        """Look until ``stop``."""
        while not stop.is_set():
            try:
                await self.look()
            except ZorgidError as error:
                _log.debug("clocks and profiles were not compared", extra={"why": error.code})
            self.tell()
            await happens(stop, EVERY_SECONDS)

    async def look(self) -> None:
        """Ask the store for its time, for the journal's, and for who issues by what.

        Raises:
            StoreUnavailable: it cannot be read.
        """
        began = self._meter()
        there, last, leases = await self._reader.read(_facts)
        ended = self._meter()
        self._journal = last
        self._differing = nodes_that_differ(leases)
        if there is not None and ended - began <= LONGEST_LOOK:
            meter = (began + ended) / 2
            self._anchor = _Anchor(at=there, whose="the database's", meter=meter)

    def ahead(self) -> timedelta:
        """By how much this clock is ahead of what it should be; negative when it is behind."""
        gone = timedelta(seconds=self._meter() - self._anchor.meter)
        return self._clock.now() - (self._anchor.at + gone)

    def wrong(self) -> str | None:
        """Why no certificate may be dated by this clock; None when all is well."""
        ahead = self.ahead()
        if abs(ahead) > APART:
            way = "ahead of" if ahead > timedelta() else "behind"
            seconds = abs(ahead.total_seconds())
            return f"this clock is {seconds:.0f} s {way} {self._anchor.whose}"
        if self._journal is not None and self._journal - self._clock.now() > BEHIND:
            return f"the journal's last entry is of {self._journal:%Y-%m-%d %H:%M:%S} UTC"
        return None

    async def problem(self) -> str | None:
        """As `wrong`, for readiness."""
        return self.wrong()

    def require(self) -> None:
        """Go on only with a clock that can be believed.

        Raises:
            Unavailable: it cannot; nothing is dated by it.
        """
        found = self.wrong()
        if found is not None:
            raise Unavailable(message=f"nothing is certified: {found}", next_step=_STEP)

    def tell(self) -> None:
        """Log that the clock became wrong, or right again."""
        found = self.wrong()
        if (found is None) == self._told_right:
            return
        self._told_right = found is None
        if found is None:
            _log.info("the clock is right again")
        else:
            fields = {"why": found, "next_step": _STEP}
            _log.error("nothing is certified by this clock", extra=fields)

    def readings(self) -> Iterator[Reading]:
        """The clock's error, and how many nodes do not all issue by the same profiles."""
        yield Reading(name="zorgid_clock_ahead_seconds", value=self.ahead().total_seconds())
        yield Reading(name="zorgid_clock_right", value=float(self.wrong() is None))
        yield Reading(name="zorgid_nodes_that_differ", value=len(self._differing))


def _facts(
    session: ReadSession,
) -> tuple[datetime | None, datetime | None, Sequence[Lease]]:
    return session.database_time(), session.head_at(), session.leases()
