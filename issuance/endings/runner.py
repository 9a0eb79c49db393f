"""Looks for cards whose end has come, again and again."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from issuance.desk import Desk
from issuance.endings.expired import Looked, end_expired
from issuance.endings.held import end_held, held_too_long
from issuance.endings.unlinked import end_unlinked
from pki.domain.errors import ZorgidError

_log: Final = logging.getLogger(__name__)


class EndingRunner:
    """Ends cards that have expired, that nobody manages, or that are blocked for too long.

    ``held`` is how many are blocked for longer than the limit, and were left so.
    """

    def __init__(self, desk: Desk, *, every: timedelta = timedelta(hours=1)) -> None:
        self._desk = desk
        self._every = every.total_seconds()
        self._expired = Looked()
        self.held = 0

    async def run(self) -> None:
        """Run until cancelled; an error is logged and the next round tries again."""
        while True:
            try:
                ended = await self._round()
            except ZorgidError as error:
                _log.warning("no card could end now", extra={"why": error.code})
            else:
                if ended:
                    _log.info("cards ended by time", extra={"count": ended})
            await asyncio.sleep(self._every)

    async def _round(self) -> int:
        desk = self._desk
        ended = await end_expired(desk, self._expired)
        ended += await end_unlinked(desk) + await end_held(desk)
        self.held = await held_too_long(desk)
        if self.held:
            _log.warning("cards are blocked for longer than the limit", extra={"count": self.held})
        return ended
