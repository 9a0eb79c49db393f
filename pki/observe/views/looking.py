"""The four views from outside: OCSP by GET, OCSP by POST with a nonce, CRLs, and directories."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

import aiohttp

from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.status import OnHold, Revoked
from pki.observe.crl import fetch_crl
from pki.observe.ldap import LdapObserver
from pki.observe.ocsp import OcspObserver
from pki.observe.receipts.agreement import agrees, agrees_in_list
from pki.observe.views.expected import Expected, said
from pki.ports import Clock

Observers = Mapping[IssuerId, OcspObserver]
Issuers = Mapping[IssuerId, bytes]
"""The certificate (DER) of each CA."""


class OcspView:
    """OCSP as those ask it who cache (GET), or who insist on an answer made now (a nonce)."""

    def __init__(self, observers: Observers, *, nonce: bool, lag: timedelta) -> None:
        self.name = "ocsp-post-nonce" if nonce else "ocsp-get"
        self.lag = lag
        self._observers = observers
        self._nonce = nonce

    async def wrong(self, expected: Sequence[Expected]) -> Mapping[SerialNumber, str]:
        """Ask for each that OCSP answers for."""
        found: dict[SerialNumber, str] = {}
        for each in expected:
            observer = self._observers.get(each.issuer)
            if observer is None:
                continue
            view = await observer.ask(each.serial, get=not self._nonce, with_nonce=self._nonce)
            if self._nonce and not view.has_nonce:
                found[each.serial] = "an answer without the nonce"
            elif each.status is None:
                if view.status is not None:
                    found[each.serial] = said(view.status)
            elif not agrees(each.status, view.status):
                found[each.serial] = said(view.status)
        return found


class CrlView:
    """The CRLs by HTTP; ``address`` tells which list speaks for a certificate."""

    name = "crl"

    def __init__(
        self,
        session: aiohttp.ClientSession,
        address: Callable[[IssuerId, SerialNumber], str],
        issuers: Issuers,
        *,
        clock: Clock,
        lag: timedelta,
    ) -> None:
        self.lag = lag
        self._session = session
        self._address = address
        self._issuers = issuers
        self._clock = clock

    async def wrong(self, expected: Sequence[Expected]) -> Mapping[SerialNumber, str]:
        """Fetch each list once."""
        lists: dict[tuple[str, IssuerId], list[Expected]] = {}
        for each in expected:
            url = self._address(each.issuer, each.serial)
            lists.setdefault((url, each.issuer), []).append(each)
        found: dict[SerialNumber, str] = {}
        for (url, issuer), listed in lists.items():
            view = await fetch_crl(self._session, url, self._issuers[issuer])
            if not view.is_current(self._clock.now()):
                found |= dict.fromkeys((each.serial for each in listed), "a CRL out of date")
                continue
            found |= await asyncio.to_thread(_unlike, listed, view.lookup)
        return found


def _unlike(
    listed: Iterable[Expected], lookup: Callable[[SerialNumber], OnHold | Revoked | None]
) -> dict[SerialNumber, str]:
    found: dict[SerialNumber, str] = {}
    for each in listed:
        seen = lookup(each.serial)
        right = seen is None if each.status is None else agrees_in_list(each.status, seen)
        if not right:
            found[each.serial] = "not listed" if seen is None else said(seen)
    return found


class LdapView:
    """One directory, asked by issuer and serial as an XML signature names them.

    Of other CAs than ``issuers`` it shows nothing, and is not asked.
    """

    def __init__(
        self, name: str, observer: LdapObserver, issuers: Issuers, *, lag: timedelta
    ) -> None:
        self.name = f"ldap:{name}" if name else "ldap"
        self.lag = lag
        self._observer = observer
        self._issuers = issuers

    async def wrong(self, expected: Sequence[Expected]) -> Mapping[SerialNumber, str]:
        """Ask for each certificate."""
        found: dict[SerialNumber, str] = {}
        for each in expected:
            issuer = self._issuers.get(each.issuer)
            if issuer is None:
                continue
            entries = await self._observer.by_issuer_and_serial(issuer, each.serial)
            shown = {der for entry in entries for der in entry.certificates}
            if each.public is None and entries:
                found[each.serial] = "shown"
            elif each.public is not None and each.public not in shown:
                found[each.serial] = "another certificate" if shown else "not shown"
        return found
