"""How much of a processor `zorgid card station` takes when nothing happens.

It watches two virtual readers, and a page waits for what changes, as in a browser.
"""

import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.status.machine import cpu_seconds
from virtual_card.pcscd import Pcscd

SETTLE_SECONDS = 3.0
CONFIG = """
[server]
url = "https://127.0.0.1:9"
[pass]
driver = "piv"
reader = "{reader} 00 00"
[card]
driver = "piv"
reader = "{reader} 00 01"
"""


@contextmanager
def station(folder: Path, pcscd: Pcscd) -> Iterator[tuple[int, str]]:
    """Its process id and address."""
    config = folder / "zorgid-card.toml"
    config.write_text(CONFIG.format(reader=pcscd.reader))
    words = ("-m", "server.cli", "card", "station", "--no-browse", "--config", str(config))
    process = subprocess.Popen(
        [sys.executable, *words], env=pcscd.environment, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        try:
            yield process.pid, process.stdout.readline().strip()
        finally:
            process.terminate()


def look(address: str, after: int) -> int:
    """As the page does: wait for something newer; the version of what is shown."""
    with urllib.request.urlopen(f"{address}state?after={after}", timeout=60) as answer:  # noqa: S310 -- of our own
        return int(answer.read().split(b'"version": ')[1].split(b",")[0])


def keep_looking(address: str, ended: threading.Event) -> None:
    """A page that is open."""
    version = 0
    while not ended.is_set():
        try:
            version = look(address, version)
        except OSError:
            return


def idle_share(seconds: float) -> float:
    """Processor time used, by time that went by."""
    with tempfile.TemporaryDirectory(prefix="zorgid-card-") as name:
        folder = Path(name)
        pcscd = Pcscd(folder / "pcscd", reader="ZORG-ID bench reader")
        ended = threading.Event()
        try:
            with station(folder, pcscd) as (pid, address):
                threading.Thread(target=keep_looking, args=(address, ended), daemon=True).start()
                time.sleep(SETTLE_SECONDS)
                before, began = cpu_seconds([pid]), time.monotonic()
                time.sleep(seconds)
                used, passed = cpu_seconds([pid]) - before, time.monotonic() - began
                ended.set()
                return used / passed
        finally:
            pcscd.stop()
