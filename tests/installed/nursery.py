"""The parent of servers that kill themselves: see `crashing_server`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from installed.practice import Practice
from installed.program import START_SECONDS, readiness, until
from server.demo.telling.tools import environment

SCRIPT = Path(__file__).parents[1] / "crashing_server.py"


class Nursery:
    """Forks servers, on any installation, that need not load the program again.

    Each is `zorgid serve` in a process of its own; it may be told a point at which to kill itself.
    """

    def __init__(self) -> None:
        self.code: int | None = None
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

    @contextmanager
    def serving(self, practice: Practice, point: dict[str, Any] | None = None) -> Iterator[int]:
        """A server, ready when the block begins and ended when it ends; its process id.

        Its exit code, negative for a signal, is `code` afterwards.
        """
        log = practice.layout.root / "servers.log"
        pid = self.start(practice.config, log, point=point)
        try:
            ready = partial(readiness, practice.metrics_port)
            until(
                lambda: ready() is None or ended(pid), "the forked server is ready", log.read_text
            )
            assert not ended(pid), log.read_text()
            yield pid
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            self.code = self.wait(pid)

    def start(self, config: Path, log: Path, **more: object) -> int:
        """Begin a server; its process id. ``more`` is as `crashing_server` says."""
        return self._ask({"start": str(config), "log": str(log), **more})

    def wait(self, pid: int) -> int:
        """Until that server has ended; its exit code, negative for a signal."""
        return self._ask({"wait": pid})

    def _ask(self, order: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def ended(pid: int) -> bool:
    """Whether a process is over; its parent has not asked for its exit code yet."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
