"""A pcscd of one's own with a virtual reader of two slots: nobody else sees it, nor is seen by it.

vpcd listens on all interfaces, so pcscd gets a network namespace that has none but its own
loopback; clients stay outside, since they come through a socket in the file system. That socket is
made here and handed over as systemd does it, since pcscd by itself knows one place for it only.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peers import program
from virtual_card.link import CardLink, Chip

FIRST_PORT = 0x8C7B
DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
READER = "ZORG-ID test reader"
PATIENCE_SECONDS = 60.0
START = """
set -e
ip link set lo up
for net in 127.0.0.0/8 127.0.0.1; do
  ip route change table local local $net dev lo proto kernel scope host src 127.0.0.1 quickack 1
done
exec 2>>"$1/log" >&2
shift
export LISTEN_PID=$$ LISTEN_FDS=1
exec "$@" 3<&0 </dev/null
"""


def opensc_module() -> Path:
    """OpenSC's PKCS#11 module, where a distribution puts it."""
    folder = Path("/usr/lib")
    return next(each for each in (*folder.glob("*/opensc-pkcs11.so"), folder / "opensc-pkcs11.so"))


class Pcscd:
    """The daemon; `log` is all it said, APDUs included when ``traced``.

    ``socket_of``: another one that is away and whose socket it takes, since a process finds no
    second one: its PC/SC library looks only once where the daemon is.
    """

    def __init__(
        self,
        folder: Path,
        *,
        reader: str = READER,
        driver: Path = DRIVER,
        traced: bool = False,
        socket_of: "Pcscd | None" = None,
    ) -> None:
        self.folder = folder
        self.reader = reader
        self.traced = traced
        self.socket: Path = folder / "pcscd.comm" if socket_of is None else socket_of.socket
        (folder / "readers").mkdir(parents=True)
        (folder / "readers" / "vpcd").write_text(
            f'FRIENDLYNAME "{reader}"\nDEVICENAME /dev/null:{FIRST_PORT:#x}\n'
            f"LIBPATH {driver}\nCHANNELID {FIRST_PORT:#x}\n"
        )
        self._links: list[CardLink] = []
        self._changes: dict[int, int] = {}
        self.start()

    @property
    def environment(self) -> dict[str, str]:
        """For a client outside."""
        return {**os.environ, "PCSCLITE_CSOCK_NAME": str(self.socket)}

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def slot(self, number: int = 0) -> str:
        """The name of a slot as clients see it."""
        return f"{self.reader} 00 {number:02}"

    def start(self) -> None:
        self._changes.clear()
        daemon = program("pcscd")
        assert daemon is not None
        command = [str(daemon), "--foreground", "--config", str(self.folder / "readers")]
        command += ["--apdu", "--debug"] if self.traced else []
        inside = ["unshare", "--net", "sh", "-c", START, "pcscd", str(self.folder)]
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.socket))
            listening.listen()
            self.process = subprocess.Popen([*inside, *command], stdin=listening.fileno())
        self._wait_until_it_runs()

    def _wait_until_it_runs(self) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not self._listens():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.02)

    def _listens(self) -> bool:
        """Whether the last slot can be dialled.

        Until it has its own network it shows everybody's, where another may have that port.
        """
        process = Path(f"/proc/{self.process.pid}")
        try:
            its_own = (process / "ns/net").readlink() != Path("/proc/self/ns/net").readlink()
            return its_own and f":{FIRST_PORT + 1:04X} " in (process / "net/tcp").read_text()
        except OSError:
            return False

    def insert(self, chip: Chip, *, slot: int = 0) -> CardLink:
        """Put a card into a slot, and wait until the reader has noticed."""
        link = CardLink(chip, pid=self.process.pid, port=FIRST_PORT + slot)
        self._links.append(link)
        self.wait(slot, present=True)
        return link

    def wait(self, slot: int = 0, *, present: bool) -> None:
        """Wait until pcscd noticed that a card came into the slot, or left it.

        Its count of changes tells: a command that meets no card any more makes the slot look empty
        before pcscd has noticed, and a card put in until then would never be seen.
        """
        from smartcard import scard  # noqa: PLC0415 -- not everyone who runs tests has it

        outcome, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        assert outcome == scard.SCARD_S_SUCCESS, self.log
        wanted = scard.SCARD_STATE_PRESENT if present else scard.SCARD_STATE_EMPTY
        before = self._changes.get(slot)
        seen, end = scard.SCARD_STATE_UNAWARE, time.monotonic() + PATIENCE_SECONDS
        try:
            while not seen & wanted or seen & scard.SCARD_STATE_MUTE or seen >> 16 == before:
                assert time.monotonic() < end, (hex(seen), before, self.log)
                asked = [(self.slot(slot), seen)]
                outcome, states = scard.SCardGetStatusChange(context, 1000, asked)
                seen = states[0][1] if outcome == scard.SCARD_S_SUCCESS else seen
        finally:
            scard.SCardReleaseContext(context)
        self._changes[slot] = seen >> 16

    @contextmanager
    def holding(self, chip: Chip, *, slot: int = 0) -> Iterator[CardLink]:
        link = self.insert(chip, slot=slot)
        try:
            yield link
        finally:
            link.pull_out()
            if self.process.poll() is None:
                self.wait(slot, present=False)

    @contextmanager
    def away(self) -> Iterator[None]:
        """The daemon is gone for a while."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def stop(self) -> None:
        """The daemon goes, its cards with it."""
        for link in self._links:
            link.pull_out()
        self._links.clear()
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)
        self.socket.unlink(missing_ok=True)
