"""What a supervisor asks of a worker: one JSON object a line, over a socket pair.

The worker's end closes with the supervisor, whatever ended it: no worker outlives its supervisor.
"""

import asyncio
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from pki.domain.errors import Unavailable
from server.process.health import Probes, examined

LONGEST: Final = 1 << 22
"""Octets of one line; the metrics of a worker are some tens of thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """How a worker is: what was checked, what fails and why, and its metrics as text."""

    checked: Sequence[str]
    failing: Mapping[str, str]
    metrics: str


class SupervisorEnd:
    """Asks; a worker that does not answer in time is an error, and a late answer is passed over."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use `opened`."""
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self._number = 0

    @classmethod
    async def opened(cls, channel: socket.socket) -> Self:
        """Over this end of a socket pair, which now belongs to it."""
        channel.setblocking(False)
        return cls(*await asyncio.open_connection(sock=channel, limit=LONGEST))

    async def report(self, seconds: float) -> WorkerReport:
        """What the worker says of itself.

        Raises:
            Unavailable: it does not answer, or not within ``seconds``.
        """
        try:
            async with asyncio.timeout(seconds), self._turn:
                return await self._asked()
        except (OSError, TimeoutError, ValueError) as error:
            raise Unavailable(
                message="the worker does not answer", next_step="look at its log lines"
            ) from error

    def close(self) -> None:
        """Let go of the channel: a worker that still lives ends."""
        self._writer.close()

    async def _asked(self) -> WorkerReport:
        if self._writer.is_closing():
            raise ConnectionResetError
        self._number += 1
        self._writer.write(json.dumps({"ask": self._number}).encode() + b"\n")
        await self._writer.drain()
        while line := await self._reader.readline():
            answer = json.loads(line)
            if answer.pop("to") == self._number:
                return WorkerReport(**answer)
        raise ConnectionResetError


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEnd:
    """Answers the supervisor until ``stop``; stops the worker when the supervisor is gone."""

    channel: socket.socket

    async def serve(self, probes: Probes, stop: asyncio.Event) -> None:
        """Fulfil `server.process.place.HealthEdge`."""
        reader, writer = await asyncio.open_connection(sock=self.channel, limit=LONGEST)
        try:
            async with asyncio.TaskGroup() as tasks:
                answering = tasks.create_task(self._answer(reader, writer, probes, stop))
                await stop.wait()
                answering.cancel()
        finally:
            writer.close()

    async def _answer(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        probes: Probes,
        stop: asyncio.Event,
    ) -> None:
        try:
            while line := await reader.readline():
                failing = await examined(probes)
                answer = {
                    "to": json.loads(line)["ask"],
                    "checked": sorted(probes.checks),
                    "failing": failing,
                    "metrics": (await probes.metrics()).decode(),
                }
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except OSError:
            pass
        stop.set()
