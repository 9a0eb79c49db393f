"""One host with one role of the program."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hosts.network import Host
from installed.nursery import Nursery, ended
from installed.practice import Practice
from installed.program import fetched, readiness, until
from server.leases.names import Task


@dataclass(kw_only=True)
class Node:
    """A host with one role of the program, which may be stopped and started."""

    host: Host
    role: str
    practice: Practice
    nursery: Nursery
    process: int = 0

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    @property
    def lease_name(self) -> str:
        """What it holds leases as, besides the computer's name."""
        return str(self.practice.layout.root / "locks")

    @property
    def status_url(self) -> str:
        return f"http://{self.host.address}:{self.practice.ports.base}"

    def start(self) -> None:
        """Begin; it need not be ready yet."""
        more = {"role": self.role, "network": self.host.network}
        self.process = self.nursery.start(self.practice.config, self._log, **more)

    def why(self) -> str | None:
        """None when it says that it is ready."""
        if ended(self.process):
            raise AssertionError(f"{self.host.name} ended: {self.log[-3000:]}")
        return self.host.do(lambda: readiness(self.practice.metrics_port))

    def until_ready(self) -> None:
        until(lambda: self.why() is None, f"{self.host.name} is ready", lambda: self.log[-3000:])

    def metric(self, name: str, task: Task) -> float:
        """A sample of its metrics about this task."""
        wanted = f'{name}{{task="{task.value}"}} '
        text = self.host.do(
            lambda: fetched(f"http://127.0.0.1:{self.practice.metrics_port}/metrics")
        )
        lines = (each for each in text.decode().splitlines() if each.startswith(wanted))
        return float(next(lines).removeprefix(wanted))

    def end(self) -> None:
        """Ask it to stop, as systemd does, and wait until it has."""
        if self.process:
            with suppress(ProcessLookupError):
                os.kill(self.process, signal.SIGTERM)
            self.nursery.wait(self.process)
            self.process = 0

    @contextmanager
    def dead(self) -> Iterator[None]:
        """As after a power cut, while the block lasts."""
        os.kill(self.process, signal.SIGKILL)
        self.nursery.wait(self.process)
        try:
            yield
        finally:
            self.start()

    @property
    def _log(self) -> Path:
        return self.practice.layout.root / "node.log"
