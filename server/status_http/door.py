"""Where connections come in: one that asks for what is known, and ends, is answered at the door.

Such a connection never meets the event loop: it is accepted, read, answered and closed in one go.
Every other one is handed on, with the octets that were read.
"""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, Final, Protocol

from pki.ports import ReadyAnswer
from server.status_http.connection import Connection
from server.status_http.desk import CLOSE, Desk

logger = logging.getLogger(__name__)

BACKLOG: Final = 1024
AT_ONCE: Final = 64
"""Connections let in before those that are in have their turn."""

READ_AT_ONCE: Final = 4096
"""Octets read at the door; what follows them is read by the event loop."""

ONE_SEND: Final = 16_384
"""Answers up to this many octets leave at the door: an empty send buffer has room for them."""

SILENT_SECONDS: Final = 1
"""For so long Linux keeps from us who has not said anything yet (TCP_DEFER_ACCEPT, tcp(7))."""

PAUSE_SECONDS: Final = 0.5
QUIET_SECONDS: Final = 60.0
"""Between two log lines that say the same."""

LOST: Final = frozenset(
    {
        errno.ECONNABORTED,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EINTR,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ENONET,
        errno.ENOPROTOOPT,
        errno.EOPNOTSUPP,
        errno.EPERM,
        errno.EPROTO,
    }
)
"""What accept says of one connection that is gone, not of the next one (accept(2), Linux)."""


Accept = Callable[[], tuple[int, tuple[str, int]]]
"""accept(2): a descriptor, and the address of the peer, of which IPv6 has two parts more."""


class House(Desk, Protocol):
    """What the door needs beyond what a connection does."""

    def answered_at_door(self) -> None:
        """Count a connection that came, was answered and is gone."""
        ...

    def take(
        self, accepted: socket.socket, connection: Connection | None = None
    ) -> Coroutine[Any, Any, None]:
        """Serve an accepted connection, which may be gone by now."""
        ...


class Accepted(Connection):
    """A connection of which octets were read at the door, or an answer was begun there."""

    __slots__ = ("_begun", "_first")

    def __init__(self, desk: Desk, peer: str, *, first: bytes = b"", begun: bytes = b"") -> None:
        """``first``: what was read; ``begun``: what is still to be sent of the only answer."""
        super().__init__(desk, peer)
        self._first = first
        self._begun = begun

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Go on from there, before anything else is read."""
        super().connection_made(transport)
        first, begun = self._first, self._begun
        self._first = self._begun = b""
        if self._ended:
            return
        if begun:
            self._give_at_rest(begun, CLOSE)
        elif first:
            self._receive_first(first)
            if self._queue:
                # A pause asked for within this call is forgotten: reading begins after it.
                asyncio.get_running_loop().call_soon(self._pause_again)

    def _receive_first(self, first: bytes) -> None:
        """As an event loop gives octets to a connection: what fails then ends that one alone."""
        try:
            self.data_received(first)
        except Exception as error:  # noqa: BLE001 -- as above
            self._broke(error)

    def _pause_again(self) -> None:
        if self._queue:
            self._transport.pause_reading()


class Door:
    """Accepts on a listening socket, and closes it in the end."""

    def __init__(self, house: House, listening: socket.socket, tasks: asyncio.TaskGroup) -> None:
        self._house = house
        self._listening = listening
        # What socket.accept() wraps into an object, which would cost as much as all the rest here.
        self._accept: Accept = listening._accept  # type: ignore[attr-defined]  # noqa: SLF001 -- as above
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._quiet_until = 0.0

    def open(self) -> None:
        """Let in whoever comes."""
        self._listening.setblocking(False)
        self._listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, SILENT_SECONDS)
        self._listening.listen(BACKLOG)
        self._loop.add_reader(self._listening, self._let_in)

    def close(self) -> None:
        """Let in who waits already, then nobody."""
        for _ in range(BACKLOG // AT_ONCE):
            if self._pause is None:
                self._let_in()
        if self._pause is None:
            self._loop.remove_reader(self._listening)
        else:
            self._pause.cancel()
        self._listening.close()

    def _let_in(self) -> None:
        for _ in range(AT_ONCE):
            try:
                number, address = self._accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in LOST:
                    self._step_back(error)
                    return
            else:
                self._receive(number, address[0])

    def _step_back(self, error: OSError) -> None:
        """Accept nothing for a while: descriptors or memory are used up."""
        self._loop.remove_reader(self._listening)
        self._pause = self._loop.call_later(PAUSE_SECONDS, self._come_back)
        now = monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + QUIET_SECONDS
            logger.error(
                "connections wait, since none can be accepted: %s",
                error.strerror,
                extra={"next_step": "allow more open files (LimitNOFILE=) or fewer connections"},
            )

    def _come_back(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listening, self._let_in)

    def _receive(self, number: int, peer: str) -> None:
        """Take the connection that this descriptor is."""
        try:
            os.set_blocking(number, False)
            first = os.read(number, READ_AT_ONCE)
        except BlockingIOError:
            first = b""
        except OSError:
            os.close(number)
            return
        known = self._house.known.get(first)
        ends = known is not None and known[1] == CLOSE and _counts(known[0])
        unsent = self._answer(number, known[0]) if known and ends else None
        if unsent is None:
            self._hand_on(number, Accepted(self._house, peer, first=first))
        elif unsent:
            self._hand_on(number, Accepted(self._house, peer, begun=unsent))
        else:
            # Nothing was left to be read, so closing takes no answer away (RFC 9112 9.6).
            os.close(number)
            self._house.answered_at_door()

    def _answer(self, number: int, ready: ReadyAnswer) -> bytes | None:
        """Send it; what of it is unsent, or None for all. A client that left gets nothing more."""
        octets = self._house.prefixes[CLOSE] + ready.octets
        try:
            sent = os.write(number, octets)
        except BlockingIOError:
            return None
        except OSError:
            return b""
        ready.used = True
        ready.given[0] += 1
        return octets[sent:]

    def _hand_on(self, number: int, connection: Accepted) -> None:
        listening = self._listening
        accepted = socket.socket(listening.family, listening.type, listening.proto, number)
        self._tasks.create_task(self._house.take(accepted, connection))


def _counts(ready: ReadyAnswer) -> bool:
    """Whether it may be given now, and is small enough to be given here."""
    now = monotonic()
    return now < ready.until and now < ready.gate.until and len(ready.octets) <= ONE_SEND
