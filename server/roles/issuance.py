"""What a process with the role `issuance` runs: the API, the CRL builder, time limits."""

import asyncio
import logging
from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from typing import Final

from issuance.http.app import create_app, serving
from issuance.http.entrance import Entrance
from issuance.notices.desk import NoticeDesk
from issuance.statement.make import Statements
from issuance.steps.intents import close_all_intents
from pki.domain.identifiers import IssuerId
from pki.ports import Clock, Entropy
from pki.telemetry.logs import bound_request
from server.evidence.key import open_evidence
from server.generation.authorities import open_generations
from server.generation.lists import CrlFollowers, keep_deltas, keep_parts
from server.leases.issuing import CheckpointTask, CrlTask, EndingTask
from server.leases.sides import Sides
from server.metering.signing import Meters
from server.nodes.on_time import OnTime
from server.nodes.profiles import said_profiles
from server.notices.calendars import calendar_url
from server.roles.ceremony_crls import CeremonyCrls
from server.roles.issuance_desk import open_desk, tls_context, unrevoked_peers
from server.roles.keys import all_responder_keys, responder_keys_of
from server.roles.responders import LocalCredentials
from server.roles.status import crl_policy
from server.settings import ApiSettings, Settings
from server.status_http.descriptors import room_for
from server.status_http.peers import Peers

_log: Final = logging.getLogger(__name__)


class IssuanceRole:
    """The registration authority with the Token CA and the Mobiel CA behind it."""

    def __init__(
        self,
        settings: Settings,
        sides: Sides,
        *,
        clock: Clock,
        entropy: Entropy,
        meters: Meters,
    ) -> None:
        """Build it from the configuration; nothing is started.

        Raises:
            ConfigurationInvalid, KeyMismatch: a key, certificate, profile or secret cannot be used.
        """
        store, reader, leases = sides.store, sides.reader, sides.leases
        self._settings = settings
        self.generations = open_generations(settings, entropy)
        authorities = OnTime(meters.authorities(self.generations), sides.watch)
        desk = open_desk(
            settings, stores=(store, reader), authorities=authorities, clock=clock, entropy=entropy
        )
        self.desk = replace(desk, mobiel=authorities) if settings.mobiel_ca else desk
        self._responder_keys = all_responder_keys(settings.status, settings.limits)
        self._sides = sides
        policy = crl_policy(settings)
        make = partial(CrlFollowers, tail=sides.tail, clock=clock, entropy=entropy, policy=policy)
        self.crls = CrlTask(
            leases, lambda written: make(settings, (written, reader)).of(self.generations, meters)
        )
        evidence = settings.evidence
        key = None if evidence is None else meters.evidence(open_evidence(settings, evidence))
        self._statements = Statements(reader=reader, evidence=key, clock=clock)
        self._notices = _notices(settings, sides, clock, entropy)
        self.checkpoints = None
        if evidence is not None and key is not None:
            seconds = evidence.checkpoint_seconds
            self.checkpoints = CheckpointTask(leases, key, reader, clock=clock, seconds=seconds)
        self._tls = tls_context(settings)
        self.entrance = _entrance(settings.api, beside=settings.status.connections)
        self.ceremony_crls = CeremonyCrls((*settings.root, settings.services_ca), store)
        clients = settings.services_ca.id
        self._peers = unrevoked_peers(lambda: self.ceremony_crls.revoked(clients))
        self.endings = EndingTask(leases, self.desk)
        self._serving = False

    def credentials(self, issuer: IssuerId) -> tuple[LocalCredentials, ...]:
        """Where a responder for this generation gets its keys and certificates, the usual first.

        Raises:
            ConfigurationInvalid: the CA would not certify the key.
        """
        keys = responder_keys_of(self._settings, issuer, self._responder_keys)
        return tuple(LocalCredentials(self.desk, issuer, each) for each in keys)

    async def settle(self) -> None:
        """Close what a former run left open, before the first request is taken.

        Raises:
            StoreUnavailable: the store cannot be written.
            ConfigurationInvalid: a CRL file of a ceremony cannot be used, crl_parts changed, or
                delta CRLs that cards name are switched off.
        """
        await keep_parts(self._settings, self._sides.store)
        await keep_deltas(self._settings, self._sides.store)
        await self._sides.leases.enter(said_profiles(self._settings))
        if await self._sides.leases.enter("issuance"):
            await close_all_intents(self.desk)
        await self.ceremony_crls.bring_in()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve the API until ``stop``; build CRLs and end what lapses beside it, in turn."""
        host, _, port = self._settings.api.listen.rpartition(":")
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(self.crls.run()),
                tasks.create_task(self.ceremony_crls.run()),
                tasks.create_task(self.endings.run()),
            ]
            if self.checkpoints is not None:
                background.append(tasks.create_task(self.checkpoints.run()))
            app = create_app(
                self.desk,
                peers=self._peers,
                statements=self._statements,
                notices=self._notices,
                bound=bound_request,
            )
            at = host.strip("[]"), int(port)
            async with serving(app, *at, tls=self._tls, entrance=self.entrance):
                self._serving = True
                await stop.wait()
            for task in background:
                task.cancel()

    async def problem(self) -> str | None:
        """Why issuing is not right, for readiness."""
        return self.crls.problem() if self._serving else "the API is not open yet"


def _entrance(api: ApiSettings, *, beside: int) -> Entrance:
    """Raises the limit of open files; ``beside``: connections of the status listener, if any."""
    peers = Peers(api.connections_per_peer, tuple(map(ip_network, api.proxies)))
    room = room_for(api.connections, beside=beside)
    return Entrance(room, peers, peers.is_exempt if api.proxy_protocol else None)


def _notices(settings: Settings, sides: Sides, clock: Clock, entropy: Entropy) -> NoticeDesk:
    return NoticeDesk(
        store=sides.store,
        reader=sides.reader,
        clock=clock,
        entropy=entropy,
        calendar_url=calendar_url(settings),
    )
