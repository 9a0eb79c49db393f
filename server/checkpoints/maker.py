"""Signs where the journal ends, at regular times, for whoever keeps it elsewhere."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Protocol

from pki.der.cms import read_signed_content
from pki.domain.errors import ChainBroken, ZorgidError
from pki.domain.evidence.checkpoints import Checkpoint, SignedCheckpoint
from pki.domain.journal import JournalHead, verify_chain
from pki.ports import Clock
from pki.store.reading import ReadSession, ReadStore
from pki.telemetry.metrics import Reading
from server.leases.once import Writes

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
    """A checkpoint every so often, also when nothing was written: that is evidence as well.

    Nothing is signed unseen: what was written since the last one must follow from it.
    """

    def __init__(
        self,
        stores: tuple[Writes, ReadStore],
        evidence: Evidence,
        *,
        clock: Clock,
        every: timedelta,
    ) -> None:
        self._store, self._reader = stores
        self._evidence = evidence
        self._clock = clock
        self._every = every
        self._verified: JournalHead | None = None
        self.latest: SignedCheckpoint | None = None
        self.failures = 0
        self.chain_holds = True

    async def run(self) -> None:
        """Make them when they are due, for ever; what fails is tried again.

        Another process may have made the last one.
        """
        self.latest = self._verified = None
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
            ChainBroken: the journal does not hold since the last checkpoint; nothing is signed.
        """
        if self.latest is None:
            self.latest = await self._reader.read(ReadSession.latest_checkpoint)
            self._verified = None if self.latest is None else _head(self.latest)
        due = None if self.latest is None else self.latest.at + self._every
        now = self._clock.now()
        if due is None or due <= now:
            self.latest = await self._make(now)
            due = self.latest.at + self._every
        return max(0.0, (due - now).total_seconds())

    async def _make(self, now: datetime) -> SignedCheckpoint:
        verified = self._verified
        try:
            checkpoint = await self._reader.read(lambda session: _of(session, now, verified))
        except ChainBroken:
            self.chain_holds = False
            raise
        self._verified, self.chain_holds = checkpoint.head, True
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
        yield Reading(name="zorgid_audit_chain_ok", value=float(self.chain_holds))
        if self.latest is not None:
            values = {
                "zorgid_journal_checkpoint_timestamp_seconds": self.latest.at.timestamp(),
                "zorgid_journal_checkpoint_position": float(self.latest.position),
            }
            for name, value in values.items():
                yield Reading(name=name, value=value)


def _of(session: ReadSession, now: datetime, verified: JournalHead | None) -> Checkpoint:
    """The journal's end, which follows entry by entry from what was verified before."""
    installation, kind = session.installation() or ("", "")
    head, after = session.head(), 0 if verified is None else verified.position
    found = verify_chain(session.raw_journal(after), after=verified)
    if found != head:
        raise ChainBroken(
            position=min(found.position, head.position) + 1,
            message=f"the head says {head.position} entries, the journal has {found.position}",
            next_step="stop issuing; run zorgid journal verify with a checkpoint kept elsewhere",
        )
    return Checkpoint(installation=installation, kind=kind, head=head, at=now)


def _head(kept: SignedCheckpoint) -> JournalHead:
    return Checkpoint.read(read_signed_content(kept.signed).content).head
