"""Looks for cards whose end has come, again and again."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from issuance.desk import Desk
from issuance.endings.expired import end_expired
from issuance.endings.unlinked import end_unlinked
from pki.domain.errors import ZorgidError

_log: Final = logging.getLogger(__name__)


class EndingRunner:
    """Ends cards whose certificate has expired, and those that nobody manages any more."""

    def __init__(self, desk: Desk, *, every: timedelta = timedelta(hours=1)) -> None:
        self._desk = desk
        self._every = every.total_seconds()

    async def run(self) -> None:
        """Run until cancelled; an error is logged and the next round tries again."""
        while True:
            try:
                ended = await end_expired(self._desk) + await end_unlinked(self._desk)
            except ZorgidError as error:
                _log.warning("no card could end now", extra={"why": error.code})
            else:
                if ended:
                    _log.info("cards ended by time", extra={"count": ended})
            await asyncio.sleep(self._every)
