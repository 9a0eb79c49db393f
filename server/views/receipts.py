"""Receipts: the role `publisher` looks from outside when each change is first shown."""

import asyncio
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import aiohttp

from pki.domain.evidence.receipts import Receipt
from pki.domain.identifiers import IssuerId
from pki.domain.records import StatusInterval
from pki.observe.ldap import LdapObserver
from pki.observe.receipts.ports import Measure, Sink
from pki.observe.receipts.sinks import CrlSink, LdapSink, OcspSink
from pki.observe.receipts.watcher import Pace, Watcher
from pki.ports import Clock
from pki.store.reading import ReadStore
from pki.store.writing import WriteSession
from pki.telemetry.metrics import Reading
from server.generation.list_names import list_address
from server.leases.names import Task
from server.leases.once import Writes
from server.leases.sides import Sides
from server.roles.keys import read_certificate_file
from server.roles.publisher import directory_missing
from server.settings import Settings

CURSOR: Final = "receipts"
_SECONDS: Final = 10.0


class StoreBook:
    """Receipts in the store, with the position up to which changes were taken up."""

    def __init__(self, reading: ReadStore, writing: Writes) -> None:
        self._reading = reading
        self._writing = writing

    async def position(self) -> int:
        """Where the last run came to."""
        return await self._reading.read(lambda session: session.cursor(CURSOR))

    async def awaited(self) -> Sequence[tuple[str, StatusInterval]]:
        """What was not shown yet."""
        return await self._reading.read(lambda session: session.awaited())

    async def take_up(
        self, after: int, upto: int, sinks: Mapping[str, Container[IssuerId]], most: int
    ) -> Sequence[StatusInterval]:
        """The changes of these entries; and the position, in one transaction."""

        def work(session: WriteSession) -> Sequence[StatusInterval]:
            changes = session.status_changes(after, upto, most)
            session.await_showing(changes, sinks)
            session.set_cursor(CURSOR, upto)
            return changes

        return await self._writing.write(work)

    async def keep(self, receipts: Sequence[Receipt]) -> None:
        """All in one transaction."""
        await self._writing.write(lambda session: session.put_showings(receipts))


class ReceiptRole:
    """One watcher for all sinks of this installation."""

    def __init__(
        self,
        settings: Settings,
        sides: Sides,
        *,
        clock: Clock,
        measure: Measure,
    ) -> None:
        """Build it; nothing is asked yet.

        Raises:
            ConfigurationInvalid: a CA's certificate cannot be read.
        """
        self._settings = settings
        self._watching = sides.leases.task(Task.RECEIPTS)
        self._issuers = {
            IssuerId(each.id): read_certificate_file(each.certificate)
            for each in settings.generations
        }
        self._make = partial(
            Watcher,
            journal=sides.tail,
            book=StoreBook(sides.reader, self._watching.store),
            clock=clock,
            measure=measure,
            pace=Pace(most=settings.receipts.most),
        )
        self._clock = clock
        self._watcher: Watcher | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until ``stop``, in its turn."""
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._watching.run(self._watch))
            await stop.wait()
            watching.cancel()

    def readings(self) -> Iterator[Reading]:
        """How many changes each sink does not show yet, and how old the oldest is."""
        if (watcher := self._watcher) is None:
            return
        for sink, count in watcher.waiting.items():
            yield Reading(name="zorgid_changes_awaited", value=count, labels={"sink": sink})
        for sink, age in watcher.oldest.items():
            labels = {"sink": sink}
            yield Reading(name="zorgid_changes_awaited_oldest_seconds", value=age, labels=labels)

    async def _watch(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            self._watcher = self._make(sinks=tuple(self._sinks(session)))
            try:
                await self._watcher.run()
            finally:
                self._watcher = None

    def _sinks(self, session: aiohttp.ClientSession) -> Iterator[Sink]:
        settings = self._settings
        yield OcspSink(session, f"{settings.status.public_url}/ocsp", self._issuers, self._clock)
        yield CrlSink(session, partial(list_address, settings), self._issuers)
        if directory_missing(settings.ldap) is not None:
            return
        private = ("", f"ldap://{settings.ldap.listen}", None)
        shown = {
            each: self._issuers[each] for each in (IssuerId(ca.id) for ca in settings.token_ca)
        }
        directories = [(name, at.url or "", at.ca_file) for name, at in settings.ldap.external]
        for name, url, ca_file in directories or [private]:
            observer = LdapObserver(url=url, base=settings.ldap.base, ca_file=ca_file)
            yield LdapSink(name, observer, shown)
