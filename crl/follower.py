"""Keeps one list fresh: after each change, and at least every so often. It never ends."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Final

from crl.ending import is_last
from crl.plan import Present, concerned, pause_after, seconds_until_due
from crl.policy import CrlPolicy
from crl.ports import JournalFeed, Life
from crl.service import CrlService
from pki.domain.errors import Conflict, LeaseLost, LintFailed, ZorgidError
from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalEntry
from pki.ports import Clock, happens

logger = logging.getLogger(__name__)

GLANCE: Final = 5.0
"""Seconds after which the date is looked at again, so that a clock step is seen."""


@dataclass(slots=True, kw_only=True)
class FollowerStatistics:
    """For metrics and readiness. ``findings``: rules broken by what was to be signed."""

    published: int = 0
    failures: int = 0
    findings: int = 0
    last_error: str = ""


class CrlFollower:
    """Follows the journal and publishes; failures are logged, counted and tried again."""

    def __init__(
        self,
        service: CrlService,
        feed: JournalFeed,
        *,
        clock: Clock,
        policy: CrlPolicy,
        life: Life | None = None,
    ) -> None:
        """``life``: None for an issuer that never makes a last CRL."""
        self._service = service
        self._feed = feed
        self._clock = clock
        self._policy = policy
        self._life = life
        self._known = asyncio.Event()
        self._changed = asyncio.Event()
        self._changed_to = 0
        self._changed_since: float | None = None
        self.latest: Present | None = None
        self.statistics = FollowerStatistics()

    @property
    def list_id(self) -> IssuerId:
        """Which list it keeps fresh."""
        return self._service.list.id

    @property
    def issuer(self) -> IssuerId:
        """Whose CRLs these are."""
        return self._service.issuer.issuer

    def age(self) -> float | None:
        """Seconds since the present CRL's thisUpdate; None before the first."""
        if self.latest is None:
            return None
        return (self._clock.now() - self.latest.this_update).total_seconds()

    def overdue(self) -> bool:
        """No CRL, or one older than two planned intervals: care stops when it runs out.

        The last one is never late.
        """
        if self.latest is not None and is_last(self.latest.next_update):
            return False
        age = self.age()
        return age is None or age > 2 * self._policy.every.total_seconds()

    async def run(self) -> None:
        """Follow and publish, for ever. Since it last ran another process may have published."""
        self._known.clear()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._publish_when_due())

    async def _watch(self) -> None:
        """Start from what the published CRL shows: nothing that it lacks can be missed."""
        await self._known.wait()
        position = 0 if self.latest is None else self.latest.upto
        failures = 0
        while True:
            try:
                async for batch in self._feed.follow(position):
                    for entry in batch:
                        self._see(entry)
                    position = batch[-1].position
                    failures = 0
            except Exception as error:  # noqa: BLE001 -- nothing may end the following
                self._failed("the journal cannot be followed", error)
            failures += 1
            await asyncio.sleep(pause_after(failures))

    def _see(self, entry: JournalEntry) -> None:
        shown = 0 if self.latest is None else self.latest.upto
        if entry.position <= shown or not concerned(entry.event, self._service.list):
            return
        self._changed_to = entry.position
        if self._changed_since is None:
            self._changed_since = asyncio.get_running_loop().time()
            self._changed.set()

    async def _publish_when_due(self) -> None:
        failures = 0
        while True:
            try:
                if not self._known.is_set():
                    self._adopt(await self._latest())
                    self._known.set()
                planned = await self._until_due()
                began = time.monotonic()
                self._published(await self._publish(planned=planned), time.monotonic() - began)
                failures = 0
            except (Conflict, LeaseLost):
                self._known.clear()
                await asyncio.sleep(pause_after(1))
            except Exception as error:  # noqa: BLE001 -- nothing may end the publishing
                failures += 1
                self._failed("no CRL was published; the last one stays", error)
                await asyncio.sleep(pause_after(failures))

    async def _latest(self) -> Present | None:
        crl = await self._service.latest()
        return None if crl is None else Present.of(crl, len(crl.der))

    async def _publish(self, *, planned: bool) -> Present:
        """A planned one is read from the store whole; one for a change must be quick."""
        last = await self._is_over()
        made = await self._service.publish_next(from_rows=planned, last=last)
        return Present.of(made.crl, made.octets)

    async def _is_over(self) -> bool:
        return self._life is not None and await self._life.over(self._clock.now())

    async def _until_due(self) -> bool:
        """Wait; whether the next one is planned, and not made because of a change.

        The last one does not wait: an issuer that ended says nothing else of its certificates.
        """
        made_last = self.latest is not None and is_last(self.latest.next_update)
        if not made_last and await self._is_over():
            return True
        loop = asyncio.get_running_loop()
        while True:
            since = self._changed_since
            changed_for = None if since is None else loop.time() - since
            wait = seconds_until_due(self.latest, self._clock.now(), changed_for, self._policy)
            if wait <= 0:
                return since is None
            self._changed.clear()
            await happens(self._changed, min(wait, GLANCE))

    def _adopt(self, crl: Present | None) -> None:
        """This CRL is the newest; changes that it does not show are gathered anew."""
        self.latest = crl
        shown = 0 if crl is None else crl.upto
        seen_later = self._changed_to > shown
        self._changed_since = asyncio.get_running_loop().time() if seen_later else None

    def _published(self, crl: Present, took: float) -> None:
        self._adopt(crl)
        self.statistics.published += 1
        self.statistics.last_error = ""
        logger.info(
            "CRL published",
            extra={
                "issuer": self._service.list.id.value,
                "number": crl.number,
                "entries": crl.entries,
                "upto": crl.upto,
                "milliseconds": round(took * 1000, 1),
            },
        )

    def _failed(self, what: str, error: Exception) -> None:
        self.statistics.failures += 1
        self.statistics.last_error = str(error)
        findings = error.findings if isinstance(error, LintFailed) else ()
        self.statistics.findings += len(findings)
        logger.error(
            what,
            exc_info=error,
            extra={
                "issuer": self._service.list.id.value,
                "why": str(error),
                "findings": findings,
                "next_step": error.next_step
                if isinstance(error, ZorgidError)
                else "this is a defect: report it; it goes on being tried",
            },
        )
