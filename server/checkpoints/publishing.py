"""Brings every checkpoint to a place outside, where whoever rewrites the store cannot reach it.

First the checkpoints, then the lists that name them, the newest last: whatever stands there is
complete up to it, so that stopping at any point loses nothing and doing it again changes nothing.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, Protocol

from crl.sinks.follower import pause_after
from crl.sinks.ports import Paper, PaperSink
from pki.der.cms import read_signed_content
from pki.domain.errors import Conflict, ZorgidError
from pki.domain.evidence.checkpoints import Checkpoint, SignedCheckpoint
from pki.domain.evidence.published import (
    INDEX,
    NEWEST,
    Listed,
    checkpoint_path,
    month_json,
    month_of,
    month_path,
    months_json,
    read_month,
    read_months,
)
from server.checkpoints.handler import LIST, SIGNED

PAUSE_SECONDS: Final = 10.0
BATCH: Final = 200

_log: Final = logging.getLogger(__name__)


class Kept(Protocol):
    """The checkpoints of the store. Each raises StoreUnavailable when it cannot be read."""

    async def after(self, at: datetime | None, limit: int) -> Sequence[SignedCheckpoint]:
        """Those made after this moment (None: all), the oldest first."""
        ...

    async def newest(self) -> SignedCheckpoint | None:
        """The one that was made last."""
        ...


class CheckpointPublisher:
    """Keeps one sink up to date. ``shown`` is when the newest there was made, once that is known.

    It never ends, and nothing waits for it.
    """

    def __init__(self, sink: PaperSink, kept: Kept) -> None:
        self._sink = sink
        self._kept = kept
        self._in_a_row = 0
        self.shown: datetime | None = None

    @property
    def name(self) -> str:
        """The sink's."""
        return self._sink.name

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed."""
        return self._in_a_row > 0

    async def run(self) -> None:
        """Bring what is new, for ever; what fails is tried again."""
        while True:
            try:
                await self.step()
            except Exception as error:  # noqa: BLE001 -- CRLs in the same sink must go on
                self._failed(error)
                await asyncio.sleep(pause_after(self._in_a_row))
                continue
            if self._in_a_row:
                _log.info("the sink takes checkpoints again", extra={"sink": self.name})
            self._in_a_row = 0
            await asyncio.sleep(PAUSE_SECONDS)

    async def step(self) -> None:
        """Bring all there are.

        Raises:
            Unavailable: store or sink cannot be used now.
            Conflict: what stands there is not of this journal.
        """
        newest = await self._kept.newest()
        there = await newest_there(self._sink)
        self.shown = None if there is None else there.at
        if newest is None or (there is not None and there.at == newest.at):
            return
        if there is not None:
            _require_older(there, newest, self.name)
        while batch := await self._kept.after(self.shown, BATCH):
            await self._bring(batch)
            self.shown = batch[-1].at

    async def _bring(self, batch: Sequence[SignedCheckpoint]) -> None:
        began = time.monotonic()
        for each in batch:
            await self._lay(checkpoint_path(each.at), each.signed, each.at, lasting=True)
        for month, made in groupby(batch, lambda each: month_of(each.at)):
            await self._list(month, list(made))
        last = batch[-1]
        await self._lay(NEWEST, last.signed, last.at)
        took = round((time.monotonic() - began) * 1000, 1)
        fields = {"sink": self.name, "position": last.position, "count": len(batch)}
        _log.info("checkpoints brought to their sink", extra={**fields, "milliseconds": took})

    async def _list(self, month: str, made: Sequence[SignedCheckpoint]) -> None:
        """What stood in a list stays, whatever the store has now."""
        octets = await self._sink.read(month_path(month))
        listed = {Listed(at=each.at, position=each.position) for each in made}
        if octets is not None:
            listed.update(read_month(octets)[1])
        await self._lay(month_path(month), month_json(month, listed), made[-1].at, media=LIST)
        octets = await self._sink.read(INDEX)
        months = set() if octets is None else set(read_months(octets))
        await self._lay(INDEX, months_json(months | {month}), made[-1].at, media=LIST)

    async def _lay(
        self, path: str, octets: bytes, at: datetime, *, media: str = SIGNED, lasting: bool = False
    ) -> None:
        paper = Paper(path=path, octets=octets, media_type=media, at=at, lasting=lasting)
        await self._sink.lay(paper)

    def _failed(self, error: Exception) -> None:
        """Said when it begins; while it lasts, only the finest log goes on."""
        known = isinstance(error, ZorgidError)
        _log.log(
            logging.DEBUG if self._in_a_row else logging.ERROR,
            "checkpoints were not brought to their sink; trying again",
            exc_info=None if known else error,
            extra={
                "sink": self.name,
                "why": str(error),
                "next_step": error.next_step
                if isinstance(error, ZorgidError)
                else "this is a defect: report it; it goes on being tried",
            },
        )
        self._in_a_row += 1


async def newest_there(sink: PaperSink) -> Checkpoint | None:
    """The newest checkpoint that a sink shows; its signature is not looked at.

    Raises:
        Unavailable: the sink cannot be read.
        Malformed: what stands there is no checkpoint.
    """
    octets = await sink.read(NEWEST)
    return None if octets is None else Checkpoint.read(read_signed_content(octets).content)


def _require_older(there: Checkpoint, newest: SignedCheckpoint, sink: str) -> None:
    ours = Checkpoint.read(read_signed_content(newest.signed).content)
    if there.installation != ours.installation:
        raise Conflict(
            message=f"{sink} has checkpoints of another installation",
            next_step="give each installation a folder or prefix of its own",
        )
    if there.at > ours.at:
        raise Conflict(
            message=f"{sink} has a later checkpoint than the store",
            next_step="was the store restored? then wait for the next checkpoint; else "
            "find out who writes there, and run zorgid journal verify --checkpoint on it",
        )
