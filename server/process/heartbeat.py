"""The sign of life of the writing side, by which a node on a replica knows how far that is behind.

Only for PostgreSQL: SQLite has no replicas. The row stands outside the journal, and is not kept.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from pki.domain.errors import ZorgidError
from pki.ports import Clock, happens

BEAT_SECONDS: Final = 1.0

_log: Final = logging.getLogger(__name__)


if TYPE_CHECKING:
    # A status node, which loads nothing that writes, loads this module as well.
    from pki.store.writing import Store


class Heartbeat:
    """Writes the present time each second; a store that cannot be written is told once."""

    def __init__(self, store: "Store", clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._failing = False

    async def run(self, stop: asyncio.Event) -> None:
        """Beat until ``stop``."""
        while not stop.is_set():
            await self._beat()
            await happens(stop, BEAT_SECONDS)

    async def _beat(self) -> None:
        try:
            await self._store.write(lambda session: session.beat(self._clock.now()))
        except ZorgidError as error:
            if not self._failing:
                _log.error("no heartbeat: replicas count as cut off", extra={"why": error.message})
            self._failing = True
            return
        self._failing = False
