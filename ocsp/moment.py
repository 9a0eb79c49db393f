"""The time an answer is given at: whole seconds, and never before that of an earlier answer."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from pki.domain.errors import Unavailable
from pki.ports import Clock

logger = logging.getLogger(__name__)

TOLERANCE: Final = timedelta(seconds=60)
"""A clock that is corrected by less than this goes unnoticed by clients."""


class Moments:
    """Reads the clock and keeps the last time given, in memory: a restart accepts a new clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """The present second, or that of the last answer when the clock was set back a little.

        Raises:
            Unavailable: the clock was set back by more than `TOLERANCE`.
        """
        now = self._clock.now().replace(microsecond=0)
        if now >= self._last:
            self._last = now
        elif self._last - now > TOLERANCE:
            raise Unavailable(
                message=f"the clock says {now.isoformat()}, before {self._last.isoformat()}, the "
                "time of an answer already given",
                next_step="set the clock right; if it was ahead before, restart the responder",
            )
        return self._last
