"""How often something may be asked, in bounded memory."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from pki.domain.errors import RateLimited

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_LOGIN_PER_MINUTE: Final = 60
"""How often a browser may ask whether its log-in was approved."""
_IPV6_NETWORK_BITS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """How many of each; ``remembered`` bounds how many addresses and passes are kept in mind.

    ``refusals_per_hour``: of those the journal records, once for callers that proved nothing but a
    key, and once for each other caller.
    """

    peer_per_minute: int = 120
    all_per_minute: int = 6000
    pass_per_hour: int = 30
    refusals_per_hour: int = 120
    remembered: int = 100_000


class Meter:
    """Lets a key pass ``burst`` times at once, and as often again in each ``seconds``.

    The generic cell rate algorithm (ITU-T I.371 annex A): one number a key. Beyond ``keys`` the
    one that passed longest ago is forgotten, so that strangers cannot fill the memory.
    """

    def __init__(self, *, burst: int, seconds: float, keys: int) -> None:
        self._step = seconds / burst
        self._slack = seconds - self._step
        self._keys = keys
        self._due: OrderedDict[str, float] = OrderedDict()

    def wait(self, key: str, now: float) -> float:
        """Seconds until the key may pass; 0: it passes now, and this one counts.

        ``now``: seconds of a clock that never goes back.
        """
        due = max(self._due.get(key, now), now)
        late = due - now - self._slack
        if late > 0:
            return late
        self._due[key] = due + self._step
        self._due.move_to_end(key)
        if len(self._due) > self._keys:
            self._due.popitem(last=False)
        return 0.0

    def __len__(self) -> int:
        return len(self._due)


class Restraint:
    """The limits on strangers: challenges, sessions, log-ins, and refusals that are recorded."""

    def __init__(self, limits: RateLimits, ticks: Callable[[], float]) -> None:
        """``ticks`` gives the seconds of a clock that never goes back."""
        keys = limits.remembered
        self._ticks = ticks
        self._peers = Meter(burst=limits.peer_per_minute, seconds=_MINUTE, keys=keys)
        self._all = Meter(burst=limits.all_per_minute, seconds=_MINUTE, keys=keys)
        self._passes = Meter(burst=limits.pass_per_hour, seconds=_HOUR, keys=keys)
        self._logins = Meter(burst=_LOGIN_PER_MINUTE, seconds=_MINUTE, keys=keys)
        self._refusals = Meter(burst=limits.refusals_per_hour, seconds=_HOUR, keys=keys)

    def peer(self, address: str | None, what: str) -> None:
        """Count that this address asks for ``what``.

        Raises:
            RateLimited: it asked too often, or all addresses together did.
        """
        now = self._ticks()
        _require(self._peers.wait(f"{what} {network_of(address)}", now), f"{what}s of one address")
        _require(self._all.wait(what, now), f"{what}s of all addresses")

    def proven_pass(self, digest: str) -> None:
        """Count that a pass signed a challenge: before that, others could use up its turns.

        Raises:
            RateLimited: it did so too often.
        """
        _require(self._passes.wait(digest, self._ticks()), "sessions of one pass")

    def login(self, login_id: str) -> None:
        """Count that the browser of a log-in asks what became of it.

        Raises:
            RateLimited: it asked too often.
        """
        _require(self._logins.wait(login_id, self._ticks()), "questions about one log-in")

    def may_record(self, asker: str | None) -> bool:
        """Whether the journal takes one more refusal of this caller; None: one unknown to us."""
        return self._refusals.wait("-" if asker is None else asker, self._ticks()) == 0


def _require(seconds: float, what: str) -> None:
    if seconds > 0:
        raise RateLimited(
            message=f"too many {what}",
            next_step="repeat the request after the time in Retry-After",
            retry_after=math.ceil(seconds),
        )


def network_of(address: str | None) -> str:
    """What counts as one caller: an IPv4 address, or the /64 that an IPv6 host can choose from."""
    if address is None:
        return "-"
    host = ip_address(address.partition("%")[0])
    if isinstance(host, IPv6Address):
        if host.ipv4_mapped is not None:
            return str(host.ipv4_mapped)
        return str(ip_network((host, _IPV6_NETWORK_BITS), strict=False))
    return str(host)
