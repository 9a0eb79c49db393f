"""The roles of one process, joined: stores, journal tail, services, listeners, one task group.

A role's module is loaded only when a process has that role: a status node never loads what issues
or what writes.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from socket import gethostname
from typing import TYPE_CHECKING, Any, Final

from pki.ports import Clock, Entropy, SystemClock, SystemEntropy
from pki.secrecy import keep_files_private, keep_memory_private
from pki.store.postgres.listening import Listening
from pki.store.reading import ReadStore
from pki.store.tail import JournalTail
from pki.telemetry.metrics import Metrics
from server.examining.database import refuse_another_kind, refuse_wrong_clock
from server.examining.ends import tell_ends
from server.generation.ending import refuse_wrong_states
from server.metering.expiring import ExpiringCertificates
from server.process.announce import ServiceManager
from server.process.counts import JournalCounts
from server.process.gauges import (
    CaGauges,
    CrlGauges,
    EntranceGauges,
    HoldGauges,
    HsmGauges,
    LdapGauges,
    ListenerGauges,
    OcspGauges,
    StoreGauges,
)
from server.process.health import Check, HealthListener, Probes
from server.process.heartbeat import Heartbeat
from server.process.place import Place
from server.process.roles import Role
from server.settings import Settings

if TYPE_CHECKING:
    from ocsp.ports import CredentialSource
    from pki.domain.identifiers import IssuerId
    from pki.store.writing import Store
    from server.leases.sides import Sides
    from server.roles.issuance import IssuanceRole

_log: Final = logging.getLogger(__name__)
_READ_THREADS: Final = 3
_STATUS_THREADS: Final = 2
"""Threads of their own for the API, for OCSP, and for the journal: none waits behind another."""

Runner = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


async def run_roles(
    settings: Settings, roles: frozenset[Role], stop: asyncio.Event, place: Place | None = None
) -> None:
    """Run until ``stop``; what was begun is finished, then everything is closed.

    Raises:
        ZorgidError: something cannot be used; nothing goes on half.
    """
    keep_files_private()
    if not keep_memory_private():
        _log.warning("core dumps are only limited by size here: prctl is not available")
    async with AsyncExitStack() as stack:
        if settings.tracing is not None:
            from server.metering.tracing import traced

            await stack.enter_async_context(traced(settings, settings.tracing, roles))
        process = Process(settings, stack, SystemClock(), SystemEntropy(), place)
        await process.assemble(roles)
        async with asyncio.TaskGroup() as tasks:
            for runner in process.runners:
                tasks.create_task(runner(stop))
            _log.info("started", extra={"roles": sorted(role.value for role in roles)})
        _log.info("stopped")


class Process:
    """What a process is made of, put together role by role."""

    def __init__(
        self,
        settings: Settings,
        stack: AsyncExitStack,
        clock: Clock,
        entropy: Entropy,
        place: Place | None = None,
    ) -> None:
        self._settings = settings
        self._stack = stack
        self._clock = clock
        self._entropy = entropy
        self._place = place or Place(health=HealthListener(settings.metrics.listen))
        self._alone = place is None
        self._metrics = Metrics()
        self._checks: dict[str, Check] = {}
        self._counts = JournalCounts(0)
        self.runners: list[Runner] = []
        self._reader = self._opened(_READ_THREADS)
        self._tail = JournalTail(self._opened(1), clock=clock)
        self._metrics.add_source("store", StoreGauges(self._tail))
        self._metrics.add_source("ca", CaGauges(settings))
        self._metrics.add_source("hsm", HsmGauges())

    async def assemble(self, roles: frozenset[Role]) -> None:
        """Build the roles; those that others stand on first."""
        await refuse_another_kind(self._reader, self._settings.installation.kind)
        await refuse_wrong_clock(self._reader, self._clock)
        await refuse_wrong_states(self._settings, self._reader, self._clock.now())
        tell_ends(self._settings, roles, self._clock.now())
        sides = await self._sides(roles)
        issuance = None
        if Role.ISSUANCE in roles and sides is not None:
            issuance = await self._issuance(sides)
        if Role.STATUS in roles:
            await self._status(issuance, None if sides is None else sides.store)
        if Role.PUBLISHER in roles and sides is not None:
            self._publisher(sides)
            self._sinks(sides)
            self._receipts(sides)
            self._notices(sides.store)
            self._views()
        if self._settings.store.postgresql is not None:
            self.runners.append(Listening(self._settings.store.url, self._tail.wake).run)
        self.runners.append(self._serve_health)
        if self._alone:
            self.runners.append(self._announce)

    def _opened(self, threads: int) -> ReadStore:
        reader = ReadStore.open(self._settings.store.url, threads=threads)
        self._stack.push_async_callback(reader.close)
        return reader

    async def _sides(self, roles: frozenset[Role]) -> "Sides | None":
        if not roles & {Role.ISSUANCE, Role.PUBLISHER}:
            return None
        from server.leases.keeper import LeaseKeeper
        from server.leases.sides import Sides
        from server.nodes.watch import NodeWatch
        from server.roles.write_ports import open_store, record_start

        names = ",".join(sorted(role.value for role in roles))
        store = open_store(self._settings, names, self._clock)
        self._stack.push_async_callback(store.close)
        store.on_commit(lambda _entries: self._tail.wake())
        counts = self._counts = JournalCounts((await self._tail.head()).position)
        store.on_commit(counts.apply)
        self._metrics.add_source("journal", counts)
        if self._settings.store.postgresql is not None:
            self.runners.append(Heartbeat(store, self._clock).run)
        await record_start(store, names, version("zorgid-token-ca"))
        settings = self._settings
        length = timedelta(seconds=settings.store.lease_seconds)
        leases = LeaseKeeper(store, holder=f"{gethostname()}:{settings.locks}", length=length)
        self._stack.push_async_callback(leases.release)
        self.runners.append(leases.run)
        self._metrics.add_source("leases", leases)
        watch = NodeWatch(self._reader, self._clock)
        self.runners.append(watch.run)
        self._checks["clock"] = watch.problem
        self._metrics.add_source("node", watch)
        return Sides(store=store, reader=self._reader, tail=self._tail, leases=leases, watch=watch)

    async def _issuance(self, sides: "Sides") -> "IssuanceRole":
        from server.metering.signing import Meters
        from server.roles.issuance import IssuanceRole

        meters = Meters(self._metrics)
        role = IssuanceRole(
            self._settings, sides, clock=self._clock, entropy=self._entropy, meters=meters
        )
        await role.settle()
        self.runners.append(role.run)
        self._checks["issuance"] = role.problem
        if role.checkpoints is not None:
            self._metrics.add_source("checkpoints", role.checkpoints.maker)
        self._metrics.add_source("signatures", meters)
        self._metrics.add_source("entrance", EntranceGauges(role.entrance))
        expiring = ExpiringCertificates(self._reader, self._clock)
        self.runners.append(expiring.run)
        self._metrics.add_source("expiring", expiring)
        self._metrics.add_source("held", HoldGauges(role.endings.cards))
        self._metrics.add_source(
            "crl", CrlGauges(lambda: role.crls.built, role.ceremony_crls.latest)
        )
        return role

    async def _status(self, issuance: "IssuanceRole | None", store: "Store | None") -> None:
        from server.roles.status import StatusRole

        role = StatusRole(
            self._settings,
            reading=(self._opened(_STATUS_THREADS), self._tail),
            credentials=self._credentials(issuance),
            clock=self._clock,
            place=self._place,
        )
        await role.settle()
        if store is not None:
            # Before the caller of a change is answered, no answer from before it is left.
            store.on_commit(role.apply)
        self.runners.append(role.run)
        self._checks["status"] = role.problem
        self._metrics.add_source("revocations", role.source)
        self._metrics.add_source("ocsp", OcspGauges(role.responder, role.holders.values()))
        self._metrics.add_source("listener", ListenerGauges(role.listener))
        role.responder.statistics.measure = partial(
            self._metrics.observe, "zorgid_ocsp_duration_seconds"
        )

    def _credentials(
        self, issuance: "IssuanceRole | None"
    ) -> "Callable[[IssuerId], Sequence[CredentialSource]]":
        if issuance is not None:
            return issuance.credentials
        from server.roles.enrolment import EnrolledCredentials

        return partial(EnrolledCredentials.of, self._settings)

    def _publisher(self, sides: "Sides") -> None:
        from server.roles.publisher import PublisherRole, directory_missing

        missing = directory_missing(self._settings.ldap)
        if missing is not None:
            _log.warning("no LDAP directory is kept", extra={"why": missing})
            return
        role = PublisherRole(self._settings, sides, clock=self._clock, entropy=self._entropy)
        self.runners.append(role.run)
        self._checks["publisher"] = role.problem
        gauges = LdapGauges(lambda: role.kept, lambda: self._counts.position)
        self._metrics.add_source("ldap", gauges)

    def _sinks(self, sides: "Sides") -> None:
        from server.crls.sinks import SinksRole

        role = SinksRole(self._settings, sides, clock=self._clock)
        self.runners.append(role.run)
        self._metrics.add_source("crl_sinks", role)

    def _receipts(self, sides: "Sides") -> None:
        if not self._settings.receipts.watch:
            return
        from server.views.receipts import ReceiptRole

        role = ReceiptRole(
            self._settings,
            sides,
            clock=self._clock,
            measure=lambda sink, seconds: self._metrics.observe(
                "zorgid_change_shown_seconds", seconds, {"sink": sink}
            ),
        )
        self.runners.append(role.run)
        self._metrics.add_source("receipts", role)

    def _notices(self, store: "Store") -> None:
        from server.notices.role import NoticeRole

        role = NoticeRole(
            self._settings,
            stores=(store, self._reader),
            tail=self._tail,
            clock=self._clock,
            entropy=self._entropy,
        )
        self.runners.append(role.run)
        self._metrics.add_source("notices", role)

    def _views(self) -> None:
        if not self._settings.views.interval_seconds:
            return
        from server.views.comparing import ViewRole

        role = ViewRole(
            self._settings, reader=self._reader, clock=self._clock, entropy=self._entropy
        )
        self.runners.append(role.run)
        self._metrics.add_source("views", role)

    async def _serve_health(self, stop: asyncio.Event) -> None:
        await self._place.health.serve(self._probes(), stop)

    async def _announce(self, stop: asyncio.Event) -> None:
        await ServiceManager(os.environ).run(self._probes(), stop)

    def _probes(self) -> Probes:
        return Probes(checks=self._checks, metrics=self._exposed)

    async def _exposed(self) -> bytes:
        return self._metrics.expose()
