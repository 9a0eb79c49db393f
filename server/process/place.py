"""Where a process stands: who asks how it is, and what it has of the process that started it."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from server.process.health import Probes


class HealthEdge(Protocol):
    """Tells how the process is to whoever may ask."""

    async def serve(self, probes: Probes, stop: asyncio.Event) -> None:
        """Answer until ``stop``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """``listening``: the inherited socket of the status service; None takes its own port.

    ``neighbours``: those of the other workers on the same port.
    ``grace_seconds``: how long connections may go on when the process ends; 0 where no other
    process takes what comes after.
    """

    health: HealthEdge
    listening: socket.socket | None = None
    neighbours: Sequence[socket.socket] = ()
    grace_seconds: float = 0.0
