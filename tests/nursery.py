"""The parent of servers that kill themselves: see `crashing_server`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from practice import Practice
from program import START_SECONDS, readiness, until
from server.demo.telling.tools import environment

SCRIPT = Path(__file__).with_name("crashing_server.py")


class Nursery:
    """Forks servers on one installation; ends with none of them left."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._log = practice.layout.root / "servers.log"
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(START_SECONDS)
        self._process.stdout.close()

    def start(self, point: dict[str, Any] | None = None) -> int:
        """Fork a server and wait until it is ready; its process id."""
        order = {"start": str(self._practice.config), "log": str(self._log), "point": point}
        pid = self._ask(order)
        port = self._practice.metrics_port
        until(lambda: readiness(port) is None, "the forked server is ready", self._log.read_text)
        return pid

    def ended(self, pid: int) -> int:
        """Wait for the end of a server; its exit code, negative for a signal."""
        return self._ask({"wait": pid})

    @contextmanager
    def serving(self, point: dict[str, Any] | None = None) -> Iterator[int]:
        """A server while the block lasts, unless it kills itself before."""
        pid = self.start(point)
        try:
            yield pid
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            self.code = self.ended(pid)

    def _ask(self, order: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())
