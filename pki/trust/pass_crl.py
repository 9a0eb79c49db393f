"""CRLs of the UZI register: fetched once for all who wait, verified, kept for a bounded time."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pki.der.crl import Crl, read_crl
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Malformed, PassStatusUnavailable
from pki.trust.fetch import StatusHttp
from pki.trust.path import Issuer
from pki.trust.settings import StatusSettings
from pki.trust.signatures import verify_signature

_LOG = logging.getLogger(__name__)

SKEW: Final = timedelta(minutes=5)
"""How far the register's clock may run ahead of ours."""

_KEPT: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PassCrl:
    """A verified CRL: the serial numbers on it, whatever the reason; UZI knows no suspension."""

    serials: frozenset[int]
    this_update: datetime
    next_update: datetime
    number: int
    fetched_at: datetime


def check_crl(
    der: bytes, issuer: Issuer, at: datetime, algorithms: frozenset[SignatureAlgorithm]
) -> PassCrl:
    """Read a CRL and make sure that it is the issuer's and counts at ``at``.

    The signature is verified with the issuer's key, whichever of its certificates is in use; every
    configured issuing CA may sign CRLs (RFC 5280 6.3.3).

    Raises:
        PassStatusUnavailable: malformed, of another issuer, wrongly signed, in the future, or past
            nextUpdate.
    """
    try:
        crl = read_crl(der)
    except Malformed as error:
        raise PassStatusUnavailable(message=error.message) from None
    if crl.issuer_der != issuer.subject.public_bytes():
        raise PassStatusUnavailable(message="the CRL is of another issuer")
    if crl.algorithm not in algorithms:
        raise PassStatusUnavailable(
            message="the CRL is signed with an algorithm that is not allowed"
        )
    if not verify_signature(issuer.public_key, crl.algorithm, crl.tbs, crl.signature):
        raise PassStatusUnavailable(message="the CRL's signature is wrong")
    _require_window(crl, at)
    return PassCrl(
        serials=frozenset(crl.entries),
        this_update=crl.this_update,
        next_update=crl.next_update,
        number=crl.number,
        fetched_at=at,
    )


def _require_window(crl: Crl, at: datetime) -> None:
    if crl.this_update > at + SKEW:
        raise PassStatusUnavailable(message="the CRL is from the future")
    if at >= crl.next_update:
        raise PassStatusUnavailable(message="the CRL is past its nextUpdate")


class CrlCache:
    """The newest CRL of each address.

    One is used until its nextUpdate or ``crl_max_age`` after it was fetched, whichever comes first.
    While one is being fetched, everybody who needs it waits for that same fetch.
    """

    __slots__ = ("_algorithms", "_flights", "_http", "_kept", "_settings")

    def __init__(
        self,
        http: StatusHttp,
        settings: StatusSettings,
        algorithms: frozenset[SignatureAlgorithm],
    ) -> None:
        self._http = http
        self._settings = settings
        self._algorithms = algorithms
        self._kept: OrderedDict[str, PassCrl] = OrderedDict()
        self._flights: dict[str, asyncio.Future[PassCrl | PassStatusUnavailable]] = {}

    async def current(self, url: str, issuer: Issuer, at: datetime) -> PassCrl:
        """A verified CRL from ``url`` that is fresh enough at ``at``.

        Raises:
            PassStatusUnavailable: there is none.
        """
        while True:
            kept = self._kept.get(url)
            if kept is not None and self._is_fresh(kept, at):
                return kept
            flight = self._flights.get(url)
            if flight is None:
                return await self._lead(url, issuer, at)
            # Cancelled only when its leader was: then somebody else must take the lead.
            await asyncio.wait([flight])
            if not flight.cancelled():
                return _landed(flight.result())

    def _is_fresh(self, crl: PassCrl, at: datetime) -> bool:
        age = at - crl.fetched_at
        return timedelta(0) <= age <= self._settings.crl_max_age and at < crl.next_update

    async def _lead(self, url: str, issuer: Issuer, at: datetime) -> PassCrl:
        flight = self._flights[url] = asyncio.get_running_loop().create_future()
        try:
            flight.set_result(await self._fetch(url, issuer, at))
        except PassStatusUnavailable as failure:
            flight.set_result(failure)
        finally:
            flight.cancel()
            del self._flights[url]
        return _landed(flight.result())

    async def _fetch(self, url: str, issuer: Issuer, at: datetime) -> PassCrl:
        der = await self._http.get(url, self._settings.size_limit)
        # A large CRL takes long enough to hold up everybody else.
        crl = await asyncio.to_thread(check_crl, der, issuer, at, self._algorithms)
        kept = self._kept.get(url)
        if kept is not None and (crl.number, crl.this_update) < (kept.number, kept.this_update):
            raise PassStatusUnavailable(message="the CRL is older than one seen before")
        self._kept[url] = crl
        self._kept.move_to_end(url)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        _LOG.info(
            "fetched a UZI CRL",
            extra={"crl_number": crl.number, "entries": len(crl.serials), "url": url},
        )
        return crl


def _landed(outcome: PassCrl | PassStatusUnavailable) -> PassCrl:
    if isinstance(outcome, PassStatusUnavailable):
        raise PassStatusUnavailable(message=outcome.message)
    return outcome
