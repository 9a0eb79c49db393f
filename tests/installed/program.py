"""The program as child processes, and what they answer over plain HTTP."""

import http.client
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from server.demo.telling.tools import environment

START_SECONDS = 180.0
STOP_SECONDS = 60.0


class Running:
    """A child process of the program; a block around it ends it whatever happens."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def until_ready(self, port: int) -> None:
        """Wait until it is ready, or fail with what it said."""

        def ready() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.code}: {self.log}")
            return readiness(port) is None

        until(ready, "the server is ready", lambda: self.log)

    @property
    def code(self) -> int | None:
        return self.process.poll()

    def ended(self) -> int:
        """Wait until it ends by itself; its exit code."""
        return self.process.wait(START_SECONDS)

    def stop(self) -> int:
        """Ask it to stop, insist when it does not; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.wait()

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()


def until(holds: Callable[[], bool], what: str, why: Callable[[], str] = str) -> float:
    """Wait until it holds; the seconds that it took. The limit only ends what hangs."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > START_SECONDS:
            raise AssertionError(f"never came: {what}; {why()}")
        time.sleep(0.02)
    return time.monotonic() - began


def readiness(port: int) -> str | None:
    """None when the process whose health listens there is ready, else what it says."""
    try:
        status, body = exchanged(f"http://127.0.0.1:{port}/readyz")
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    return None if status == http.client.OK else body.decode()


def exchanged(url: str, body: bytes | None = None, kind: str = "") -> tuple[int, bytes]:
    """One request over plain HTTP, whatever proxies are set: status and body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    headers = {"Content-Type": kind} if kind else {}
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("GET" if body is None else "POST", target, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def fetched(url: str) -> bytes:
    """What is at this address."""
    status, body = exchanged(url)
    if status != http.client.OK:
        raise AssertionError(f"{url}: {status}")
    return body


def zorgid(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The installed program, as a person starts it."""
    program = Path(sys.executable).with_name("zorgid")
    return subprocess.run(
        [program, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={name: value for name, value in environment().items() if name != "ZORGID_CONFIG"},
        timeout=START_SECONDS,
    )
