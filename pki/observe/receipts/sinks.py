"""The places where a change must be seen: OCSP, CRLs, and each directory."""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

import aiohttp

from pki.domain.errors import ZorgidError
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.records import StatusInterval
from pki.domain.status import Good
from pki.observe.crl import read_crl
from pki.observe.http import Limits, fetch
from pki.observe.ldap import LdapObserver
from pki.observe.ocsp import OcspQuestion
from pki.observe.receipts.agreement import agrees, agrees_in_list
from pki.ports import Clock

Issuers = Mapping[IssuerId, bytes]
"""The certificate (DER) of each CA."""

_ANSWER: Final = Limits(octets=64 * 1024)


class OcspSink:
    """OCSP as most ask it: by GET and without nonce, so that caches are looked through as well."""

    name = "ocsp"

    def __init__(
        self, session: aiohttp.ClientSession, url: str, issuers: Issuers, clock: Clock
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self.issuers = issuers
        self._clock = clock

    async def shown(self, awaited: Sequence[StatusInterval]) -> Mapping[int, bytes]:
        """Ask for each certificate; one that gets no answer does not hold up the others."""
        found: dict[int, bytes] = {}
        failure: ZorgidError | None = None
        for each in awaited:
            try:
                found |= await self._shown(each)
            except ZorgidError as error:
                failure = error
        if failure is not None and not found:
            raise failure
        return found

    async def _shown(self, change: StatusInterval) -> Mapping[int, bytes]:
        question = OcspQuestion(
            issuer=self.issuers[change.issuer], serial=change.serial, nonce=None
        )
        path = quote(base64.b64encode(question.request()).decode(), safe="")
        answer = await fetch(self._session, f"{self._url}/{path}", _ANSWER)
        view = question.read(answer, self._clock.now())
        if not agrees(change.status, view.status):
            return {}
        return {change.position: hashlib.sha256(answer).digest()}


class CrlSink:
    """The CRL by HTTP that speaks for each certificate; ``address`` tells which that is."""

    name = "crl"

    def __init__(
        self,
        session: aiohttp.ClientSession,
        address: Callable[[IssuerId, SerialNumber], str],
        issuers: Issuers,
    ) -> None:
        self._session = session
        self._address = address
        self.issuers = issuers

    async def shown(self, awaited: Sequence[StatusInterval]) -> Mapping[int, bytes]:
        """Fetch each list once."""
        lists: dict[str, list[StatusInterval]] = {}
        for each in awaited:
            lists.setdefault(self._address(each.issuer, each.serial), []).append(each)
        found: dict[int, bytes] = {}
        for url, listed in lists.items():
            der = await fetch(self._session, url, Limits())
            issuer = self.issuers[listed[0].issuer]
            found |= await asyncio.to_thread(_shown_in, der, issuer, listed)
        return found


class LdapSink:
    """One directory: the CA's CRL, and the certificate itself once it is confirmed."""

    def __init__(self, name: str, observer: LdapObserver, issuers: Issuers) -> None:
        self.name = f"ldap:{name}" if name else "ldap"
        self._observer = observer
        self.issuers = issuers

    async def shown(self, awaited: Sequence[StatusInterval]) -> Mapping[int, bytes]:
        """Read each CA's entry once, and the entries of certificates that are good."""
        found: dict[int, bytes] = {}
        for issuer in {each.issuer for each in awaited}:
            of_it = [each for each in awaited if each.issuer == issuer]
            view = await self._observer.ca(issuer)
            for der in () if view is None else view.crls:
                found |= await asyncio.to_thread(_shown_in, der, self.issuers[issuer], of_it)
        for each in awaited:
            if each.position in found and isinstance(each.status, Good):
                certificate = await self._published(each)
                if certificate is None:
                    del found[each.position]
                else:
                    found[each.position] = hashlib.sha256(certificate).digest()
        return found

    async def _published(self, change: StatusInterval) -> bytes | None:
        entries = await self._observer.by_issuer_and_serial(
            self.issuers[change.issuer], change.serial
        )
        return next((der for entry in entries for der in entry.certificates), None)


def _shown_in(der: bytes, issuer: bytes, awaited: Iterable[StatusInterval]) -> dict[int, bytes]:
    view = read_crl(der, issuer)
    digest = hashlib.sha256(der).digest()
    return {
        each.position: digest
        for each in awaited
        if agrees_in_list(each.status, view.lookup(each.serial))
    }
