"""Tells systemd how the process is: ready, alive, what fails, stopping (sd_notify(3))."""

import asyncio
import logging
import os
import socket
from collections.abc import Mapping
from typing import Final

from pki.ports import happens
from server.process.health import Probes, examined

PATIENCE_SECONDS: Final = 30.0
"""A server that is not ready by then is started nonetheless: it answers what it can, says what it
cannot, and mends by itself; to be killed and started again would help nobody."""

_LOOK_SECONDS: Final = 0.2
_STATUS_LENGTH: Final = 500
_log: Final = logging.getLogger(__name__)


class ServiceManager:
    """The one end of systemd's notification socket; says nothing where there is none."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get("WATCHDOG_USEC", "") if ours else ""
        self._pause = int(microseconds) / 2_000_000 if microseconds.isdecimal() else 10.0

    async def run(self, probes: Probes, stop: asyncio.Event) -> None:
        """Announce readiness once, then life and failures until ``stop``."""
        if not self._address:
            return
        failing = await _first_look(probes, stop)
        self._tell("READY=1", _status(failing))
        while not await happens(stop, self._pause):
            self._tell("WATCHDOG=1", _status(await examined(probes)))
        self._tell("STOPPING=1")

    def _tell(self, *lines: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
            end.setblocking(False)
            try:
                end.sendto("\n".join(lines).encode(), self._address)
            except OSError as error:
                _log.warning("systemd could not be told: %s", error.strerror)


async def _first_look(probes: Probes, stop: asyncio.Event) -> Mapping[str, str]:
    ends = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while failing := await examined(probes):
        if asyncio.get_running_loop().time() > ends or await happens(stop, _LOOK_SECONDS):
            break
    return failing


def _status(failing: Mapping[str, str]) -> str:
    """One line for `systemctl status`; a line break would begin another assignment."""
    text = "; ".join(f"{name}: {why}" for name, why in sorted(failing.items())) or "all is well"
    return "STATUS=" + " ".join(text.split())[:_STATUS_LENGTH]
