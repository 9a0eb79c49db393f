"""One worker as its supervisor sees it: a process, and the channel to it."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from pki.domain.errors import Unavailable
from server.workers.channel import SupervisorEnd

ANSWER_SECONDS: Final = 5.0
"""How long a worker may take to say how it is."""

END_SECONDS: Final = 20.0
"""How long a worker may take to answer what was asked; above the drain limit of the listener."""

PULSE_SECONDS: Final = 2.0
PULSES_MISSED: Final = 3
"""A worker that does not answer this often is stuck, and is killed."""

_POLL_SECONDS: Final = 0.1
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a worker is started: its number, its configuration, and one socket for each worker."""

    number: int
    config: Path
    sockets: Sequence[socket.socket]

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Of the sockets, its own first."""
        numbers = [each.fileno() for each in self.sockets]
        own = numbers.pop(self.number - 1)
        return own, *numbers

    def command(self, channel: int) -> list[str]:
        """The command line; -P, since a folder that the program is started in is not its own."""
        descriptors = map(str, (channel, *self.descriptors))
        words = (str(self.number), str(self.config), *descriptors)
        return [sys.executable, "-P", "-m", "server.workers.main", *words]


class Worker:
    """A running worker; ``ready`` once all its checks held."""

    def __init__(self, process: asyncio.subprocess.Process, link: SupervisorEnd) -> None:
        """Use `start`."""
        self._process = process
        self.link = link
        self.pid = process.pid
        self.began = asyncio.get_running_loop().time()
        self.ready = False

    @classmethod
    async def start(cls, order: Order) -> Self:
        """Start one, in a session of its own: signals of a terminal reach the supervisor only."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *order.command(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), *order.descriptors),
                start_new_session=True,
            )
        return cls(process, await SupervisorEnd.opened(ours))

    @property
    def code(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.returncode

    @property
    def lived(self) -> float:
        """Seconds since its start."""
        return asyncio.get_running_loop().time() - self.began

    async def ended(self) -> None:
        """Return when the process is gone."""
        await self._process.wait()

    async def until_ready(self) -> None:
        """Return when all checks held once."""
        while not self.ready:
            with suppress(Unavailable):
                self.ready = not (await self.link.report(ANSWER_SECONDS)).failing
            if not self.ready:
                await asyncio.sleep(_POLL_SECONDS)

    async def until_stuck(self) -> None:
        """Return when it has not answered several times, one after the other."""
        missed = 0
        while missed < PULSES_MISSED:
            await asyncio.sleep(PULSE_SECONDS)
            try:
                await self.link.report(ANSWER_SECONDS)
                missed = 0
            except Unavailable:
                missed += 1

    async def end(self) -> None:
        """Let it finish what was asked, and insist when it does not."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            _log.warning("a worker did not end and was killed", extra={"worker_pid": self.pid})
            self.kill()
            await self._process.wait()
        finally:
            self.link.close()

    def kill(self) -> None:
        """End it now."""
        with suppress(ProcessLookupError):
            self._process.kill()
