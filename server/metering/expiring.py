"""How many certificates end soon: counted once an hour, since that reads all of them."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Protocol

from pki.domain.errors import ZorgidError
from pki.ports import Clock, happens
from pki.store.reading import ReadSession, ReadStore
from pki.telemetry.metrics import Reading

_log: Final = logging.getLogger(__name__)

WITHIN_DAYS: Final = (30, 90)
EVERY_SECONDS: Final = 3600.0
RETRY_SECONDS: Final = 60.0


class Counting(Protocol):
    """What is asked of a snapshot of the store."""

    def certificates_ending(self, after: datetime, upto: datetime) -> int:
        """How many certificates in use end in that time."""
        ...


class ExpiringCertificates:
    """A source of metrics; it has no values before the first count."""

    def __init__(self, reader: ReadStore, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._counted: dict[int, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Count until ``stop``; what cannot be read keeps its last value."""
        while not stop.is_set():
            try:
                await self.count()
                pause = EVERY_SECONDS
            except ZorgidError as error:
                _log.warning(
                    "certificates that end soon were not counted", extra={"why": str(error)}
                )
                pause = RETRY_SECONDS
            await happens(stop, pause)

    async def count(self) -> None:
        """Count now.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        now = self._clock.now()

        def query(session: ReadSession) -> dict[int, int]:
            return ending_within(session, now)

        self._counted = await self._reader.read(query)

    def readings(self) -> Iterator[Reading]:
        """The counts of the last look."""
        for days, count in self._counted.items():
            labels = {"within_days": str(days)}
            yield Reading(name="zorgid_certificates_expiring", value=count, labels=labels)


def ending_within(session: Counting, now: datetime) -> dict[int, int]:
    """How many end within each of `WITHIN_DAYS`, from now."""
    return {
        days: session.certificates_ending(now, now + timedelta(days=days)) for days in WITHIN_DAYS
    }
