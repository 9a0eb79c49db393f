"""What waits in the queues of other workers: a living one lets nothing wait for long."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from pki.ports import happens

PAUSE_SECONDS: Final = 0.1
"""How long a connection waits at a worker that is gone or stuck, until another one takes it."""

AT_ONCE: Final = 64
"""Connections taken from one queue before the next one has its turn."""


class Neighbours:
    """Accepts on listening sockets that are others' own, a little later than they would."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        take: Callable[[socket.socket], Awaitable[None]],
    ) -> None:
        self._sockets = sockets
        self._take = take
        self.taken = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Look until ``stop``; what was accepted is handed on, so it is never cancelled."""
        if not self._sockets:
            return
        for each in self._sockets:
            each.setblocking(False)
        while not stop.is_set():
            for each in self._sockets:
                await self._empty(each)
            await happens(stop, PAUSE_SECONDS)
        for each in self._sockets:
            # Whoever leaves must not hold open what nobody takes from: its supervisor may be gone.
            each.close()

    async def _empty(self, listening: socket.socket) -> None:
        for _ in range(AT_ONCE):
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            accepted.setblocking(False)
            self.taken += 1
            await self._take(accepted)
