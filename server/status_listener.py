"""The plain-HTTP listener of the status services: OCSP, CRLs and CA certificates on one port.

HTTP and not HTTPS: the answers are signed, and a relying party must not need one certificate's
status to fetch another's (RFC 5280 8).
"""

import asyncio
import logging
import math
import socket
from collections import OrderedDict
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from typing import Final, Protocol

from pki.domain.errors import Unavailable
from pki.ports import Clock, HttpAnswer, HttpRequest, LiveAnswers, ReadyAnswer
from server.status_http.connection import Connection
from server.status_http.desk import Head, plain
from server.status_http.door import QUIET_SECONDS, Door
from server.status_http.peers import Peers
from server.status_http.reading import Limits

logger = logging.getLogger(__name__)

TICK_SECONDS: Final = 0.5
"""How often the Date header is renewed and deadlines are looked at."""

CROWDED: Final = 0.9
"""From this share of all connections on, who says nothing makes room for others."""


class Handler(Protocol):
    """Answers one part of the path space."""

    @property
    def methods(self) -> Sequence[str]:
        """The methods it knows; others get 405 with Allow."""
        ...

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> ReadyAnswer | LiveAnswers | None:
        """A 200 answer that is ready, or who makes one of the body to be given once, or None.

        It depends on nothing but its arguments and the answer's own times: identical octets may
        get a `ReadyAnswer` without being asked for again. Raises nothing.
        """
        ...

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer in full; the listener takes HEAD's body away."""
        ...


@dataclass(slots=True, kw_only=True)
class ListenerStatistics:
    """Counts since the start, for metrics."""

    opened: int = 0
    turned_away: int = 0
    open: int = 0
    answered: int = 0
    failed: int = 0


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A bound TCP socket; ``shared`` lets several processes listen on one port (SO_REUSEPORT)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


class StatusListener:
    """Serves the handlers; ``routes`` maps path prefixes to them, the first that fits answers."""

    def __init__(
        self, routes: Mapping[bytes, Handler], *, clock: Clock, limits: Limits | None = None
    ) -> None:
        self._routes = tuple(routes.items())
        self._clock = clock
        self._connections: set[Connection] = set()
        self._tasks: asyncio.TaskGroup | None = None
        self.limits = limits or Limits()
        self._peers = Peers(self.limits.each_peer, self.limits.proxies)
        self.draining = False
        self.statistics = ListenerStatistics()
        self.tick = 0.0
        self.patience = math.inf
        self._quiet_until = -math.inf
        self.prefixes = (b"", b"", b"")
        self.known: OrderedDict[bytes, tuple[ReadyAnswer, int]] = OrderedDict()
        self.heads: OrderedDict[bytes, Head] = OrderedDict()

    async def run(self, listening: socket.socket, stop: asyncio.Event) -> None:
        """Serve on a bound socket until ``stop``, then finish what was asked and return."""
        loop = asyncio.get_running_loop()
        self._turn(loop.time())
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                door = Door(self, listening, tasks)
                door.open()
                ticking = tasks.create_task(self._ticking())
                try:
                    await stop.wait()
                finally:
                    door.close()
                await self._drain(loop)
                ticking.cancel()
        finally:
            for connection in tuple(self._connections):
                connection.abort()

    async def take(self, accepted: socket.socket, connection: Connection | None = None) -> None:
        """Fulfil `House`; without ``connection`` nothing was read of it yet."""
        loop = asyncio.get_running_loop()
        try:
            known = connection or Connection(self, accepted.getpeername()[0])
            await loop.connect_accepted_socket(lambda: known, accepted)
        except OSError:
            accepted.close()

    async def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        """End every connection after an answer; those that the kernel had accepted still count."""
        self.draining = True
        self.known.clear()
        self.heads.clear()
        began = loop.time()
        until = began + self.limits.drain_seconds
        idle_until = began + self.limits.grace_seconds
        while True:
            await asyncio.sleep(TICK_SECONDS / 10)
            if not self._connections or loop.time() >= until:
                break
            if loop.time() >= idle_until:
                for connection in tuple(self._connections):
                    connection.drain()
        for connection in tuple(self._connections):
            connection.abort()

    async def _ticking(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._turn(loop.time())
            for connection in tuple(self._connections):
                connection.check_time()

    def _turn(self, tick: float) -> None:
        self.tick = tick
        crowded = len(self._connections) >= CROWDED * self.limits.connections
        self.patience = self.limits.crowded_seconds if crowded else math.inf
        date = format_datetime(self._clock.now(), usegmt=True)
        line = f"HTTP/1.1 200 OK\r\nDate: {date}\r\n".encode()
        self.prefixes = (
            line,
            line + b"Connection: close\r\n",
            line + b"Connection: keep-alive\r\n",
        )

    def opened(self, connection: Connection) -> bool:
        """Fulfil `Desk`."""
        full = len(self._connections) >= self.limits.connections
        if full or not self._peers.come(connection.peer):
            self.statistics.turned_away += 1
            self._tell("all places are taken" if full else "it has all it may have", connection)
            return False
        self._connections.add(connection)
        self.statistics.opened += 1
        self.statistics.open = len(self._connections)
        return True

    def _tell(self, why: str, turned_away: Connection) -> None:
        if self.tick < self._quiet_until:
            return
        self._quiet_until = self.tick + QUIET_SECONDS
        logger.warning(
            "a connection was turned away: %s",
            why,
            extra={
                "peer": turned_away.peer,
                "next_step": "see status.connections, connections_per_peer and proxies",
            },
        )

    def answered_at_door(self) -> None:
        """Fulfil `House`."""
        self.statistics.opened += 1

    def closed(self, connection: Connection) -> None:
        """Fulfil `Desk`."""
        if connection in self._connections:
            self._connections.discard(connection)
            self._peers.gone(connection.peer)
        self.statistics.open = len(self._connections)

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> ReadyAnswer | LiveAnswers | None:
        """Fulfil `Desk`."""
        for prefix, handler in self._routes:
            if target.startswith(prefix):
                return handler.hot(method, target, headers, body)
        return None

    def remember(self, asked: bytes, ready: ReadyAnswer, mode: int) -> None:
        """Fulfil `Desk`; what was remembered first is forgotten first."""
        if len(asked) > self.limits.known_octets or self.draining:
            return
        self.known[asked] = ready, mode
        if len(self.known) > self.limits.known:
            self.known.popitem(last=False)

    def remember_head(self, octets: bytes, head: Head) -> None:
        """Fulfil `Desk`."""
        if len(octets) > self.limits.known_octets or self.draining:
            return
        self.heads[octets] = head
        if len(self.heads) > self.limits.heads:
            self.heads.popitem(last=False)

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """Fulfil `Desk`."""
        request = _origin_form(request)
        handler = next((h for prefix, h in self._routes if request.target.startswith(prefix)), None)
        if handler is None:
            return plain(HTTPStatus.NOT_FOUND)
        if request.method not in handler.methods:
            return plain(HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", ", ".join(handler.methods)))
        try:
            answer = await handler.answer(request)
        except Unavailable as error:
            self.statistics.failed += 1
            logger.warning("no answer: %s", error, extra={"next_step": error.next_step})
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, ("Retry-After", "5"))
        except Exception:
            self.statistics.failed += 1
            logger.exception("a handler failed; this is a defect of the server")
            return plain(HTTPStatus.INTERNAL_SERVER_ERROR)
        self.statistics.answered += 1
        return answer

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Fulfil `Desk`."""
        if self._tasks is None:
            work.close()
            return
        self._tasks.create_task(work)


def _origin_form(request: HttpRequest) -> HttpRequest:
    """What a proxy sends in absolute form means the same (RFC 9112 3.2.2)."""
    lowered = request.target[:8].lower()
    if not lowered.startswith((b"http://", b"https://")):
        return request
    _, _, rest = request.target.partition(b"://")
    _, slash, path = rest.partition(b"/")
    return HttpRequest(
        method=request.method,
        target=slash + path,
        headers=request.headers,
        body=request.body,
    )
