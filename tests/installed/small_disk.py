"""A server whose store is on a file system of a few megabytes, which a test fills and frees.

The file system is in a mount namespace that the server alone has; it is gone when the server ends.
"""

import errno
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from installed.practice import Practice
from installed.program import Running
from server.demo.telling.tools import environment

_MEGABYTES: Final = 12
_SCRIPT: Final = """
set -eu
mount -t tmpfs -o size="$1"m,mode=700 none "$2"
cp -a "$3/." "$2"
shift 3
exec "$@"
"""
_COPY: Final = """
import sqlite3, sys
sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))
"""
_BLOCK: Final = 4096


def require_namespaces() -> None:
    """Skip where this user may not mount anything, which no package mends."""
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        check=False,
    )
    if tried.returncode != 0:
        pytest.skip("a file system of its own needs the right to mount one")


class SmallDisk:
    """The file system, seen through the server that has it."""

    def __init__(self, process: int, store: Path) -> None:
        self._process = process
        self.path = Path(f"/proc/{process}/root{store}")
        self._ballast = self.path / "ballast"

    def fill(self) -> None:
        """Leave not an octet."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, _BLOCK, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink()

    def bring_out(self, store: Path) -> None:
        """Put the database, as it is now, where everybody sees it."""
        out = store.parent.with_name("brought-out.sqlite3")
        inside = ["nsenter", f"--target={self._process}", "--mount", "--"]
        words = [*inside, sys.executable, "-c", _COPY, str(store), str(out)]
        subprocess.run(words, check=True, env=environment())
        for each in store.parent.iterdir():
            each.unlink()
        out.rename(store)


@contextmanager
def serving_on_a_small_disk(practice: Practice) -> Iterator[tuple[Running, SmallDisk]]:
    """`zorgid serve` with all roles; its store is a copy that nobody else sees."""
    store = practice.layout.store.parent
    original = store.with_name("store-original")
    shutil.copytree(store, original)
    log = practice.layout.root / "small-disk.log"
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _SCRIPT, "sh"]
    command += [str(_MEGABYTES), str(store), str(original), sys.executable, "-m", "server.cli"]
    command += ["serve", "--config", str(practice.config)]
    with log.open("ab") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment(),
        )
    with Running(process, log) as server:
        server.until_ready(practice.metrics_port)
        yield server, SmallDisk(process.pid, store)
