"""The demo as a person starts it, held: its servers run until it is interrupted."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READERS = ("--readers", str(Path(__file__).parents[1] / "demo_readers.py"))
COMMAND = (sys.executable, "-m", "server.cli", "demo")


@dataclass(frozen=True)
class Held:
    """A demo that has told its story, and what it left."""

    process: subprocess.Popen[str]
    directory: Path
    outcome: dict[str, Any]
    story: Path

    @property
    def file(self) -> Path:
        return self.directory / "demo.json"

    @property
    def demo(self) -> dict[str, Any]:
        demo: dict[str, Any] = self.outcome["result"]["demo"]
        return demo


def processes_of(directory: Path) -> list[str]:
    """Command lines of processes that were started with something of this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in line and int(path.parent.name) != os.getpid():
            found.append(line)
    return found


@contextmanager
def holding(place: Path) -> Iterator[Held]:
    """The demo in a folder of this one; interrupted when the block ends, if it runs then."""
    story = place / "story.txt"
    options = ("--dir", str(place / "here"), "--hold", "--json", "--lang", "en", *READERS)
    with story.open("w") as said:
        process = subprocess.Popen(
            [*COMMAND, *options], stdout=subprocess.PIPE, stderr=said, text=True
        )
    with process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, story.read_text()
            outcome = json.loads(line)
            assert outcome["ok"] is True
            yield Held(process, place / "here", outcome, story)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
