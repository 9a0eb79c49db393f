"""The time an answer is given at: whole seconds, and never before that of an earlier answer."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from pki.domain.errors import Unavailable
from pki.ports import Clock

logger = logging.getLogger(__name__)

TOLERANCE: Final = timedelta(seconds=60)
"""A clock that is corrected by less than this goes unnoticed by clients."""

STEP: Final = 1.0
"""Seconds by which the clock must run away from the machine's own between two looks to be called
set; slewing makes less than a thousandth of that."""


class Moments:
    """Reads the clock and keeps the last time given, in memory: a restart accepts a new clock.

    ``monotonic`` is the time that nobody can set: `time.monotonic`, which the listener reads too.
    """

    def __init__(self, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.monotonic = monotonic
        self._last = datetime.min.replace(tzinfo=UTC)
        self._ahead: float | None = None

    def were_set(self, monotonic: float) -> bool:
        """Whether the clock was set since the last call, forward or back.

        Every time that was reckoned by ``monotonic``, which nobody can set, is then wrong.
        """
        ahead = self.clock.now().timestamp() - monotonic
        before, self._ahead = self._ahead, ahead
        return before is not None and abs(ahead - before) > STEP

    def soonest(self) -> datetime:
        """When the next answer can be given: not before the last one, however the clock was set."""
        return max(self.clock.now(), self._last)

    def now(self) -> datetime:
        """The present second, or that of the last answer when the clock was set back a little.

        Raises:
            Unavailable: the clock was set back by more than `TOLERANCE`.
        """
        now = self.clock.now().replace(microsecond=0)
        if now >= self._last:
            self._last = now
        elif self._last - now > TOLERANCE:
            raise Unavailable(
                message=f"the clock says {now.isoformat()}, before {self._last.isoformat()}, the "
                "time of an answer already given",
                next_step="set the clock right; if it was ahead before, restart the responder",
            )
        return self._last
