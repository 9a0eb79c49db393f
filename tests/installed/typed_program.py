"""`zorgid` at a terminal of its own, with somebody who types what it asks."""

import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from installed.program import START_SECONDS
from server.demo.telling.tools import environment


class Typed:
    """One run: standard input and error are the terminal, standard output is read apart."""

    def __init__(self, words: tuple[str, ...], cwd: Path) -> None:
        self._ours, theirs = pty.openpty()
        try:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("zorgid"), *words],
                stdin=theirs,
                stdout=subprocess.PIPE,
                stderr=theirs,
                cwd=cwd,
                env=environment(),
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        self._seen = ""
        self._read = 0
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    @property
    def screen(self) -> str:
        return self._seen

    def expect(self, text: str) -> str:
        """Wait until the screen shows this, after all that was waited for; what came before it."""

        def shown() -> bool:
            return text in self._seen[self._read :] or not self._reader.is_alive()

        with self._more:
            assert self._more.wait_for(shown, START_SECONDS), f"no {text!r} in {self._seen!r}"
            at = self._seen.find(text, self._read)
            assert at >= 0, f"it ended without {text!r}: {self._seen!r}"
            before, self._read = self._seen[self._read : at], at + len(text)
        return before

    def answer(self, prompt: str, line: str) -> None:
        """Type a line at this prompt."""
        self.expect(prompt)
        os.write(self._ours, f"{line}\n".encode())

    def ended(self) -> tuple[int, str]:
        """Its exit code and standard output."""
        output, _ = self.process.communicate(timeout=START_SECONDS)
        self._reader.join(START_SECONDS)
        return self.process.returncode, output.decode()

    def result(self) -> dict[str, Any]:
        """What it printed as JSON, for a run that did what was asked."""
        code, output = self.ended()
        assert code == 0, (code, output, self._seen)
        found: dict[str, Any] = json.loads(output)
        assert found["ok"] is True
        result: dict[str, Any] = found["result"]
        return result

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(START_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        os.close(self._ours)

    def _listen(self) -> None:
        while True:
            try:
                octets = os.read(self._ours, 4096)
            except OSError:
                octets = b""
            with self._more:
                self._seen += octets.decode("utf-8", "replace").replace("\r\n", "\n")
                self._more.notify_all()
            if not octets:
                return


@contextmanager
def typed(*words: str, cwd: Path) -> Iterator[Typed]:
    """A run; ended with the block whatever happens."""
    run = Typed(words, cwd)
    try:
        yield run
    finally:
        run.close()
