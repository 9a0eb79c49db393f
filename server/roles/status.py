"""The role `status`: OCSP, CRLs and CA certificates. It knows no CA key and cannot write."""

import asyncio
import gc
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Final

from crl.http import CrlHandler
from crl.policy import CrlPolicy
from ocsp.http import OcspHandler
from ocsp.issuers import IssuerStatus, IssuerTable
from ocsp.moment import Moments
from ocsp.policy import ResponderPolicy
from ocsp.ports import CredentialSource
from ocsp.renewal import CredentialChoice, CredentialHolder
from ocsp.responder import OcspResponder
from pki.domain.errors import Unavailable, ZorgidError
from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalEntry
from pki.ports import Clock
from pki.store.history.start import Start
from pki.store.reading import ReadStore
from pki.store.tail import Contact, JournalTail
from server.checkpoints.handler import PREFIX as CHECKPOINTS
from server.checkpoints.handler import CheckpointHandler
from server.generation.list_names import served_lists
from server.process.place import Place
from server.process.sockets import bound
from server.roles.keys import read_certificate_file
from server.roles.read_ports import StoreDigests, StoreShelf
from server.roles.statement import StatementHandler
from server.settings import Settings
from server.status_http.descriptors import room_for
from server.status_http.neighbours import Neighbours
from server.status_http.reading import Limits
from server.status_listener import Handler, StatusListener
from server.status_source.source import FollowedStatus

ANEW_SECONDS: Final = 1.0
"""So long it waits before each attempt to read everything anew."""

_log: Final = logging.getLogger(__name__)


def crl_policy(settings: Settings) -> CrlPolicy:
    """The section [crl]."""
    crl = settings.crl
    return CrlPolicy(
        every=timedelta(seconds=crl.interval_seconds),
        validity=timedelta(seconds=crl.lifetime_seconds),
        coalesce=crl.coalesce_seconds,
        max_age=crl.max_age_seconds,
        delta_span=timedelta(seconds=crl.delta_span_seconds),
    )


def responder_policy(settings: Settings) -> ResponderPolicy:
    """The section [status], as the responder wants it."""
    status = settings.status
    return ResponderPolicy(
        validity=timedelta(seconds=status.answer_lifetime_seconds),
        max_age=status.max_age_seconds,
        blindness=float(status.blindness_limit_seconds),
        cache_entries=status.cache_entries,
        ahead=float(status.refresh_ahead_seconds),
        presign=status.presign,
        extended_revoke=status.never_issued == "revoked",
        archive_years=_archive_years(settings) if status.archive_cutoff else 0,
    )


def listener_limits(settings: Settings, *, grace_seconds: float) -> Limits:
    """The section [status], as the listener wants it."""
    status = settings.status
    return Limits(
        grace_seconds=grace_seconds,
        connections=status.connections,
        each_peer=status.connections_per_peer,
        proxies=tuple(map(ip_network, status.proxies)),
    )


def _limits_of_process(settings: Settings, place: Place) -> Limits:
    limits = listener_limits(settings, grace_seconds=place.grace_seconds)
    return replace(limits, connections=room_for(limits.connections))


def _archive_years(settings: Settings) -> int:
    """What can be promised of every generation."""
    return min(each.archive_years for each in settings.generations)


class StatusRole:
    """The responder, the CRL shelf and their listener."""

    def __init__(
        self,
        settings: Settings,
        *,
        reading: tuple[ReadStore, JournalTail],
        credentials: Callable[[IssuerId], Sequence[CredentialSource]],
        clock: Clock,
        place: Place,
    ) -> None:
        """Build it and take the port, unless the place has it; nothing is answered yet.

        Raises:
            ConfigurationInvalid: a certificate file or setting cannot be used.
            Conflict: the port is taken.
        """
        reader, self._tail = reading
        self._clock = clock
        self._contact = Contact()
        policy = responder_policy(settings)
        self.source = FollowedStatus(
            reader, self._contact, clock=clock, fresh_seconds=policy.cut_off
        )
        answered = _answered(settings)
        self.holders = {
            issuer: CredentialChoice(
                *(
                    CredentialHolder(issuer, certificate, each, clock)
                    for each in credentials(issuer)
                )
            )
            for issuer, certificate in answered.items()
        }
        self.responder = OcspResponder(
            IssuerTable(IssuerStatus.of(*each) for each in answered.items()),
            self.holders,
            self.source,
            moments=Moments(clock),
            policy=policy,
            digests=StoreDigests(reader) if settings.status.certificate_hash else None,
        )
        self.crls = _crl_handler(settings, reader, clock)
        self._checkpoints = CheckpointHandler(reader)
        limits = _limits_of_process(settings, place)
        self.listener = StatusListener(self._routes(settings), clock=clock, limits=limits)
        self._socket = place.listening or bound(settings.status.listen)
        self._neighbours = Neighbours(place.neighbours, self.listener.take)

    def _routes(self, settings: Settings) -> Mapping[bytes, Handler]:
        routes: dict[bytes, Handler] = {
            b"/ocsp": OcspHandler(self.responder),
            b"/crl/": self.crls,
            b"/ca/": self.crls,
        }
        if settings.status.cps is not None:
            routes[b"/cps"] = StatementHandler(settings.status.cps)
        routes[CHECKPOINTS.encode()] = self._checkpoints
        return routes

    def apply(self, entries: Sequence[JournalEntry]) -> None:
        """Drop what these entries touch."""
        self.source.apply(entries)
        self.responder.apply(entries)
        self.crls.apply(entries)

    async def settle(self) -> None:
        """Have a responder certificate for each generation before the first question.

        Raises:
            ZorgidError: one that cannot be used came; what is only unavailable is tried again.
        """
        for holder in self.holders.values():
            await holder.begin()

    async def run(self, stop: asyncio.Event) -> None:
        """Answer until ``stop``, then finish what was asked."""
        start = await self.source.load(list(self.holders))
        # What is loaded by now stays: collecting garbage need not look at it while it answers.
        gc.collect()
        gc.freeze()
        async with asyncio.TaskGroup() as tasks:
            background = [
                *(tasks.create_task(each.run()) for each in self.holders.values()),
                tasks.create_task(self.responder.run()),
                tasks.create_task(self.responder.ahead.run()),
                tasks.create_task(self._follow(start)),
                tasks.create_task(self.responder.presigning(self.source).run()),
            ]
            tasks.create_task(self._neighbours.run(stop))
            await self.listener.run(self._socket, stop)
            for task in background:
                task.cancel()

    async def problem(self) -> str | None:
        """Why answers would be tryLater, for readiness."""
        if math.isinf(self._contact.age()):
            return "the journal was not read yet"
        if self._contact.broken is not None:
            return f"{self._contact.broken.message}; {self._contact.broken.next_step}"
        try:
            now = self._clock.now()
            for holder in self.holders.values():
                if holder.can_answer(now):
                    holder.at(now)
        except Unavailable as error:
            return error.message
        return None

    async def _follow(self, start: Start) -> None:
        while True:
            async for entries in self._tail.follow_from(start, self._contact):
                self.apply(entries)
            _log.warning("what was followed is lost, and confirmed: everything is read anew")
            start = await self._anew(start)

    async def _anew(self, lost: Start) -> Start:
        """Keep nothing of what is lost; nothing is answered until the new journal is followed."""
        start = lost
        # A connection that is still open may lead to the database that was lost.
        while start.confirmed <= lost.confirmed:
            await asyncio.sleep(ANEW_SECONDS)
            try:
                start = await self.source.load(list(self.holders))
            except ZorgidError as error:
                _log.warning("%s", error, extra={"next_step": error.next_step})
        self.responder.forget()
        self.crls.forget()
        self._checkpoints.forget()
        return start


def _answered(settings: Settings) -> dict[IssuerId, bytes]:
    """The certificates of the generations that OCSP answers for; one that ended has no cards."""
    going = (each for each in settings.generations if each.state != "ended")
    return {IssuerId(each.id): read_certificate_file(each.certificate) for each in going}


def _crl_handler(settings: Settings, reader: ReadStore, clock: Clock) -> CrlHandler:
    files = {each.published_as: each.certificate for each in settings.published}
    files |= {link.published_as: link.certificate for root in settings.root for link in root.links}
    return CrlHandler(
        StoreShelf(reader),
        issued=served_lists(settings),
        certificates={name: read_certificate_file(file) for name, file in files.items()},
        clock=clock,
        policy=crl_policy(settings),
    )
