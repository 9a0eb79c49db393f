"""Who may have a connection to the API, and for how long a TLS handshake may take.

TLS ends here, so a connection takes its place, and counts for its peer, before anything is known
of it: whoever only opens connections takes no more than anybody else.
"""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from issuance.http.introduced import introduced
from pki.domain.errors import Malformed

_log: Final = logging.getLogger(__name__)

HANDSHAKE_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 0.5
"""How long nothing is accepted once descriptors or memory are used up."""

_BACKLOG: Final = 128
_QUIET_SECONDS: Final = 60.0
_ALL_IT_MAY_HAVE: Final = "it has all it may have"
_UNNAMED: Final = "a proxy did not say for whom it is"
_STEP: Final = "see [api] connections, connections_per_peer, proxies, proxy_protocol; LimitNOFILE="
_NOT_HERE: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
_LOST: Final = frozenset({errno.ECONNABORTED, errno.EPERM, errno.EPROTO})
"""What accept says of one connection that is gone already (accept(2))."""


class Peers(Protocol):
    """Counts the connections of each address, as the system writes it."""

    def come(self, address: str, /) -> bool:
        """Count one, unless that is one too many."""
        ...

    def gone(self, address: str, /) -> None:
        """One that was counted has ended."""
        ...


Make = Callable[[Callable[[], None], str | None], asyncio.Protocol]
"""Makes what serves one connection; it must call what it is given when the connection is over.

The text is the address that a proxy spoke for, if one did.
"""


@dataclass(slots=True, kw_only=True)
class Counts:
    """Connections since the start, and those of now."""

    opened: int = 0
    turned_away: int = 0
    open: int = 0


class _Place:
    """What one connection takes up, given back once."""

    def __init__(self, entrance: "Entrance", peer: str) -> None:
        self._entrance: Entrance | None = entrance
        self.peer = peer
        self.named: str | None = None

    def leave(self) -> None:
        entrance, self._entrance = self._entrance, None
        if entrance is not None:
            entrance.left(self.peer)


class Entrance:
    """Lets in ``most`` connections at once, and as many of one peer as ``peers`` allows.

    What comes from an address that ``is_proxy`` first says for whom it is (PROXY protocol, version
    1), and counts for that one.
    """

    def __init__(
        self,
        most: int = 1000,
        peers: Peers | None = None,
        is_proxy: Callable[[str], bool] | None = None,
    ) -> None:
        self._most = most
        self._peers = peers
        self._is_proxy = is_proxy
        self._quiet_until = -_QUIET_SECONDS
        self.counts = Counts()

    @asynccontextmanager
    async def open(
        self, sockets: Sequence[socket.socket], make: Make, tls: ssl.SSLContext | None
    ) -> AsyncIterator[None]:
        """Let connections in while the block lasts, then close the sockets."""
        group = asyncio.TaskGroup()
        await group.__aenter__()
        accepting = [group.create_task(self._admit(each, make, tls)) for each in sockets]
        try:
            yield
        finally:
            for each in accepting:
                each.cancel()
            # Not by `async with`, which would wrap what the block raises into a group.
            await group.__aexit__(None, None, None)
            for listening in sockets:
                listening.close()

    async def _admit(
        self, listening: socket.socket, make: Make, tls: ssl.SSLContext | None
    ) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as beginning:
            while True:
                try:
                    accepted, address = await loop.sock_accept(listening)
                except OSError as error:
                    await self._stumbled(error)
                    continue
                place = self._place(address[0])
                if place is None:
                    accepted.close()
                else:
                    beginning.create_task(self._begin(accepted, place, make, tls))
                # A flood of connections must not keep those that are in from their turn.
                await asyncio.sleep(0)

    async def _begin(
        self, accepted: socket.socket, place: _Place, make: Make, tls: ssl.SSLContext | None
    ) -> None:
        """Shake hands; from then on the connection itself says when it is over."""
        loop = asyncio.get_running_loop()
        seconds = HANDSHAKE_SECONDS if tls is not None else None
        try:
            if not await self._introduced(accepted, place):
                accepted.close()
                place.leave()
                return
            await loop.connect_accepted_socket(
                lambda: make(place.leave, place.named),
                accepted,
                ssl=tls,
                ssl_handshake_timeout=seconds,
            )
        except OSError:
            # `WatchedTls` has said what failed; a client that only left says nothing.
            place.leave()
        except Exception:  # noqa: BLE001 -- one connection, whatever fails there, must not end the others
            _log.exception("a connection to the API could not be begun")
            accepted.close()
            place.leave()
        except BaseException:
            place.leave()
            raise

    async def _introduced(self, accepted: socket.socket, place: _Place) -> bool:
        """Whether a proxy, if it is one, said in time for whom it is, and that one has a place."""
        if self._is_proxy is None or not self._is_proxy(place.peer):
            return True
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                place.named = await introduced(accepted)
        except Malformed as error:
            self._tell(_UNNAMED, place.peer, error.message, error.next_step)
            return False
        except (OSError, TimeoutError) as error:
            self._tell(_UNNAMED, place.peer, type(error).__name__)
            return False
        except BaseException:
            accepted.close()
            raise
        return place.named is None or self._moved(place, place.named)

    def _moved(self, place: _Place, peer: str) -> bool:
        """Whether the place that was its proxy's could become this peer's."""
        if self._peers is None:
            return True
        if not self._peers.come(peer):
            self.counts.turned_away += 1
            self._tell("a connection to the API was turned away", peer, _ALL_IT_MAY_HAVE)
            return False
        self._peers.gone(place.peer)
        place.peer = peer
        return True

    async def _stumbled(self, error: OSError) -> None:
        if error.errno in _LOST:
            return
        self._tell("connections wait, since none can be accepted", None, error.strerror)
        await asyncio.sleep(PAUSE_SECONDS)

    def _place(self, peer: str) -> _Place | None:
        full = self.counts.open >= self._most
        if full or (self._peers is not None and not self._peers.come(peer)):
            self.counts.turned_away += 1
            why = "all places are taken" if full else _ALL_IT_MAY_HAVE
            self._tell("a connection to the API was turned away", peer, why)
            return None
        self.counts.opened += 1
        self.counts.open += 1
        return _Place(self, peer)

    def left(self, peer: str) -> None:
        """Somebody who was let in has gone."""
        self.counts.open -= 1
        if self._peers is not None:
            self._peers.gone(peer)

    def _tell(self, what: str, peer: str | None, why: str | None, step: str = _STEP) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._quiet_until:
            return
        self._quiet_until = now + _QUIET_SECONDS
        _log.warning(what, extra={"peer": peer, "why": why, "next_step": step})


async def listening_at(host: str, port: int) -> list[socket.socket]:
    """Listening sockets of every address that the host has here.

    Raises:
        OSError: an address is taken, or there is none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    made: list[socket.socket] = []
    lacking: OSError | None = None
    for family, *_, address in dict.fromkeys(found):
        try:
            made.append(_listening(family, str(address[0]), int(address[1])))
        except OSError as error:
            if error.errno not in _NOT_HERE:
                for each in made:
                    each.close()
                raise
            lacking = error
    if not made and lacking is not None:
        raise lacking
    return made


def _listening(family: int, host: str, port: int) -> socket.socket:
    made = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    made.setblocking(False)
    return made
