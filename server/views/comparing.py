"""The five views, compared all along by the role `publisher`, and once by `zorgid doctor`."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

import aiohttp

from pki.domain.errors import ZorgidError
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.observe.ldap import LdapObserver
from pki.observe.ocsp import OcspObserver
from pki.observe.views.expected import Expected, View, expected_of
from pki.observe.views.looking import CrlView, LdapView, OcspView
from pki.observe.views.verifier import Verified, Verifier, stranger
from pki.ports import Clock, Entropy
from pki.store.reading import ReadSession, ReadStore
from pki.telemetry.metrics import Reading
from server.generation.list_names import list_address
from server.roles.keys import read_certificate_file
from server.roles.publisher import directory_missing
from server.settings import Settings

_log: Final = logging.getLogger(__name__)
_SECONDS: Final = 10.0
_RECENT_ENTRIES: Final = 500
_SERIAL_OCTETS: Final = 16

# How long after a change each view may show what was before, with room for a busy computer; an
# HTTP cache adds its max-age.
_OCSP: Final = timedelta(seconds=2)
_CRL: Final = timedelta(seconds=15)
_LDAP: Final = timedelta(seconds=15)


class StoreFacts:
    """The store's own view, with a steady random sample of ``count`` certificates."""

    def __init__(
        self, reader: ReadStore, settings: Settings, entropy: Entropy, clock: Clock
    ) -> None:
        self._reader = reader
        self._count = settings.views.sample
        self._issuer = IssuerId(settings.token_ca[-1].id)
        self._known = frozenset(IssuerId(each.id) for each in settings.generations)
        self._says_unknown = settings.status.never_issued == "unknown"
        self._entropy = entropy
        self._clock = clock

    async def sample(self) -> Sequence[Expected]:
        """The last changes, as many certificates at random, and a serial that nobody has."""
        starts = [stranger(self._entropy.octets(_SERIAL_OCTETS)) for _ in range(self._count)]

        def query(session: ReadSession) -> list[Expected]:
            head = session.head().position
            changes = session.status_changes(max(0, head - _RECENT_ENTRIES), head, _RECENT_ENTRIES)
            serials = dict.fromkeys(each.serial for each in reversed(changes))
            chosen = list(serials)[: self._count]
            for start in starts:
                chosen += session.serials_of(None, start, 1)
            found = (_expected(session, serial) for serial in dict.fromkeys(chosen))
            return [each for each in found if each is not None and each.issuer in self._known]

        return [*await self._reader.read(query), *self._nobody()]

    async def still(self, expected: Sequence[Expected]) -> Sequence[Expected]:
        """Those that did not change meanwhile."""

        def query(session: ReadSession) -> list[Expected]:
            return [
                each
                for each in expected
                if each.status is None or _expected(session, each.serial) == each
            ]

        return await self._reader.read(query)

    def _nobody(self) -> Iterator[Expected]:
        if not self._says_unknown:
            return
        yield Expected(
            issuer=self._issuer,
            serial=stranger(self._entropy.octets(_SERIAL_OCTETS)),
            status=None,
            since=self._clock.now() - timedelta(days=1),
            public=None,
        )


def _expected(session: ReadSession, serial: SerialNumber) -> Expected | None:
    history = session.history(serial)
    if not history:
        return None
    certificate = session.certificate(serial)
    der = None if certificate is None else certificate.der
    return expected_of(history, der)


def views_of(
    settings: Settings, session: aiohttp.ClientSession, clock: Clock, entropy: Entropy
) -> Iterator[View]:
    """All views from outside, each with the delay that is stated for it."""
    issuers = {
        IssuerId(each.id): read_certificate_file(each.certificate) for each in settings.generations
    }
    url = f"{settings.status.public_url}/ocsp"
    observers = {
        IssuerId(each.id): OcspObserver(
            session, url, issuers[IssuerId(each.id)], clock=clock, entropy=entropy
        )
        for each in settings.generations
        if each.state != "ended"
    }
    cached = timedelta(seconds=settings.status.max_age_seconds)
    yield OcspView(observers, nonce=False, lag=_OCSP + cached)
    yield OcspView(observers, nonce=True, lag=_OCSP)

    cached = timedelta(seconds=settings.crl.max_age_seconds)
    yield CrlView(session, partial(list_address, settings), issuers, clock=clock, lag=_CRL + cached)
    if directory_missing(settings.ldap) is not None:
        return
    private = ("", f"ldap://{settings.ldap.listen}", None)
    external = [(name, at.url or "", at.ca_file) for name, at in settings.ldap.external]
    shown = {each: issuers[each] for each in (IssuerId(ca.id) for ca in settings.token_ca)}
    for name, at, ca_file in external or [private]:
        observer = LdapObserver(url=at, base=settings.ldap.base, ca_file=ca_file)
        yield LdapView(name, observer, shown, lag=_LDAP)


async def verify_once(
    settings: Settings, reader: ReadStore, clock: Clock, entropy: Entropy
) -> Verified:
    """One round.

    Raises:
        StoreUnavailable: the store cannot be read.
    """
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        views = tuple(views_of(settings, session, clock, entropy))
        facts = StoreFacts(reader, settings, entropy, clock)
        return await Verifier(facts, views, clock=clock).round()


class ViewRole:
    """Round after round, and what the last one found, for metrics."""

    def __init__(
        self, settings: Settings, *, reader: ReadStore, clock: Clock, entropy: Entropy
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._clock = clock
        self._entropy = entropy
        self._examined = 0
        self.last: Verified | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Compare until ``stop``; what cannot be compared now is compared in the next round."""
        async with asyncio.TaskGroup() as tasks:
            comparing = tasks.create_task(self._compare())
            await stop.wait()
            comparing.cancel()

    def readings(self) -> Iterator[Reading]:
        """Disagreements of each view, and how many certificates were compared."""
        if self.last is None:
            return
        yield Reading(name="zorgid_views_compared_total", value=self._examined)
        unseen = {each.view for each in self.last.unseen}
        for view in self.last.views:
            labels = {"view": view}
            count = self.last.count(view)
            yield Reading(name="zorgid_view_disagreements", value=count, labels=labels)
            seen = float(view not in unseen)
            yield Reading(name="zorgid_view_seen", value=seen, labels=labels)

    async def _compare(self) -> None:
        while True:
            await asyncio.sleep(self._settings.views.interval_seconds)
            try:
                found = await verify_once(self._settings, self._reader, self._clock, self._entropy)
            except ZorgidError as error:
                _log.warning("views not compared", extra={"why": error.code})
            else:
                self._take(found)

    def _take(self, found: Verified) -> None:
        self.last = found
        self._examined += found.examined
        for each in found.unseen:
            _log.warning("a view cannot be seen", extra={"view": each.view, "why": each.why})
        for wrong in found.disagreements:
            fields = {"view": wrong.view, "issuer": wrong.issuer.value, "serial": wrong.serial.hex}
            fields |= {"expected": wrong.expected, "seen": wrong.seen}
            _log.error("a view disagrees with the store", extra=fields)
