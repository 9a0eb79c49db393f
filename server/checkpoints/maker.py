"""Signs where the journal ends, at regular times, for whoever keeps it elsewhere."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Protocol

from pki.domain.errors import ZorgidError
from pki.domain.evidence.checkpoints import Checkpoint, SignedCheckpoint
from pki.ports import Clock
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store
from pki.telemetry.metrics import Reading

RETRY_SECONDS: Final = 10.0

_log: Final = logging.getLogger(__name__)


class Evidence(Protocol):
    """Signs what an auditor verifies."""

    async def sign(self, content: bytes, signed_at: datetime) -> bytes:
        """DER of a CMS SignedData with ``content`` in it.

        Raises:
            SignerUnavailable, SignerBusy: the key cannot be used now.
        """
        ...


class CheckpointMaker:
    """A checkpoint every so often, also when nothing was written: that is evidence as well."""

    def __init__(
        self,
        stores: tuple[Store, ReadStore],
        evidence: Evidence,
        *,
        clock: Clock,
        every: timedelta,
    ) -> None:
        self._store, self._reader = stores
        self._evidence = evidence
        self._clock = clock
        self._every = every
        self.latest: SignedCheckpoint | None = None
        self.failures = 0

    async def run(self) -> None:
        """Make them when they are due, for ever; what fails is tried again."""
        while True:
            try:
                wait = await self.step()
            except ZorgidError as error:
                self.failures += 1
                wait = RETRY_SECONDS
                _log.error(
                    "no checkpoint of the journal was made; trying again",
                    extra={"why": error.message, "next_step": error.next_step},
                )
            await asyncio.sleep(wait)

    async def step(self) -> float:
        """Make one if it is due; seconds until the next one is.

        Raises:
            Unavailable: the store or the evidence key cannot be used now.
            SignatureBroken: what the key returned does not verify.
        """
        if self.latest is None:
            self.latest = await self._reader.read(ReadSession.latest_checkpoint)
        due = None if self.latest is None else self.latest.at + self._every
        now = self._clock.now()
        if due is None or due <= now:
            self.latest = await self._make(now)
            due = self.latest.at + self._every
        return max(0.0, (due - now).total_seconds())

    async def _make(self, now: datetime) -> SignedCheckpoint:
        checkpoint = await self._reader.read(lambda session: _of(session, now))
        signed = SignedCheckpoint(
            position=checkpoint.head.position,
            at=now,
            signed=await self._evidence.sign(checkpoint.content, now),
        )
        await self._store.write(lambda session: session.put_checkpoint(signed))
        _log.info("checkpoint of the journal", extra={"position": signed.position})
        return signed

    def readings(self) -> Iterator[Reading]:
        """When the last one was made, and how far the journal was; absent before the first."""
        yield Reading(name="zorgid_journal_checkpoint_failures_total", value=self.failures)
        if self.latest is not None:
            values = {
                "zorgid_journal_checkpoint_timestamp_seconds": self.latest.at.timestamp(),
                "zorgid_journal_checkpoint_position": float(self.latest.position),
            }
            for name, value in values.items():
                yield Reading(name=name, value=value)


def _of(session: ReadSession, now: datetime) -> Checkpoint:
    installation, kind = session.installation() or ("", "")
    return Checkpoint(installation=installation, kind=kind, head=session.head(), at=now)
