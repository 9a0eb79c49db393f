"""Notices in the role `publisher`: made from journal and time, sent where a server is given."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from issuance.notices.outbox import Outbox
from issuance.notices.plan import Planner
from issuance.notices.runner import NoticeRunner
from pki.domain.notices.mail import Taken
from pki.ports import Clock, Entropy
from pki.store.reading import ReadStore
from pki.store.tail import JournalTail
from pki.store.writing import Store
from pki.telemetry.metrics import Reading
from server.notices.carrying import configured_carrier
from server.settings import Settings


class NoticeRole:
    """Makes notices and sends them."""

    def __init__(
        self,
        settings: Settings,
        *,
        stores: tuple[Store, ReadStore],
        tail: JournalTail,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        """Build it; nothing is asked or sent yet.

        Raises:
            ConfigurationInvalid: a file that [notices.smtp] names cannot be used.
        """
        store, reader = stores
        self._mailed: Counter[str] = Counter({each.value: 0 for each in Taken})
        self._sends = settings.notices.smtp is not None
        carrier = configured_carrier(settings, clock)
        hold = settings.limits.hold_days
        planner = Planner(
            store=store,
            reader=reader,
            clock=clock,
            longest_hold=timedelta(days=hold) if hold else None,
        )
        outbox = (
            None
            if carrier is None
            else Outbox(
                store=store,
                reader=reader,
                carrier=carrier,
                clock=clock,
                entropy=entropy,
                count=self._count,
            )
        )
        self._runner = NoticeRunner(planner, outbox, tail)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop``."""
        await self._runner.run(stop)

    def readings(self) -> Iterator[Reading]:
        """How many notices were made, and what became of messages."""
        yield Reading(name="zorgid_notices_made_total", value=self._runner.made)
        if self._sends:
            yield Reading(name="zorgid_notice_waiting_seconds", value=self._runner.waiting)
            for outcome, count in self._mailed.items():
                labels = {"outcome": outcome}
                yield Reading(name="zorgid_notice_messages_total", value=count, labels=labels)

    def _count(self, outcome: str) -> None:
        self._mailed[outcome] += 1
