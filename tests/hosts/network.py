"""Several hosts on one computer: network namespaces on a switch, whose links can fail.

No namespace has a name or a place: each is there as long as a process is in it, and the one that
holds it ends with the tests, however they end. The switch has one too, so that the computer's own
network never changes. Files and UNIX sockets are everybody's.
"""

import asyncio
import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

NETWORK = "10.77.0"
_CLONE_NEWNET = 0x40000000
_NOBODY = "02:00:00:00:de:ad"
"""A switch sends what is for it to all, and none of them takes it."""


def enter_network(path: str) -> None:
    """Let this thread, and what it starts, be in that network from now on."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(path).open("rb") as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"the network {path} cannot be entered")


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process that does nothing but be in a network of its own."""

    process: subprocess.Popen[bytes]

    @property
    def path(self) -> str:
        return f"/proc/{self.process.pid}/ns/net"

    def ip(self, *commands: str) -> None:
        """Commands of ip(8) inside it, all or an error."""
        words = ["nsenter", f"--net={self.path}", "ip", "-batch", "-"]
        text = "".join(f"{each}\n" for each in commands)
        ran = subprocess.run(words, input=text, text=True, capture_output=True, check=False)
        if ran.returncode:
            raise AssertionError(f"{commands}: {ran.stderr}")


@contextmanager
def held() -> Iterator[Holder]:
    """A network with its own loopback, while the block lasts."""
    # It ends when its input does, which the kernel closes even when the tests are killed.
    with subprocess.Popen(
        ["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        if process.stdout.read(1) != b"\n":
            raise AssertionError("no network namespace can be made here")
        holder = Holder(process=process)
        holder.ip("link set lo up")
        yield holder
        process.stdin.close()


@dataclass(frozen=True, kw_only=True)
class Host:
    """One of them, on the switch's port ``port``; its name is for whoever reads."""

    name: str
    number: int
    port: str
    switch: Holder
    holder: Holder

    @property
    def address(self) -> str:
        return f"{NETWORK}.{self.number}"

    @property
    def network(self) -> str:
        """What `enter_network` takes."""
        return self.holder.path

    def words(self, *words: str) -> Sequence[str]:
        """A command as it is started there; what it starts ends with whoever started it."""
        return ("nsenter", f"--net={self.network}", "setpriv", "--pdeathsig=KILL", "--", *words)

    def command(self, *words: str) -> str:
        """What a program says there, on both of its outputs; it must not fail."""
        ran = subprocess.run(
            self.words(*words), capture_output=True, text=True, check=False, timeout=60
        )
        if ran.returncode:
            raise AssertionError(f"{words} at {self.name}: {ran.stdout}{ran.stderr}")
        return ran.stdout + ran.stderr

    def do(self, work: Callable[[], T]) -> T:
        """Call it there: in a thread, since a network belongs to a thread and not to a process."""
        done: list[T] = []
        failed: list[BaseException] = []

        def enter() -> None:
            try:
                enter_network(self.network)
                done.append(work())
            except BaseException as error:  # noqa: BLE001 -- raised in the caller's thread
                failed.append(error)

        thread = threading.Thread(target=enter, name=self.name)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return done[0]

    def ask(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """As `do`, on an event loop."""
        return self.do(lambda: asyncio.run(work()))

    @contextmanager
    def unplugged(self) -> Iterator[None]:
        """Its cable is out while the block lasts."""
        self.unplug()
        try:
            yield
        finally:
            self.plug()

    def unplug(self) -> None:
        """Nobody reaches it, and it reaches nobody."""
        self.switch.ip(f"link set {self.port} down")

    def plug(self) -> None:
        """As before; what was learnt of the neighbours meanwhile is forgotten."""
        self.switch.ip(f"link set {self.port} up")
        self.holder.ip("neigh flush dev eth0")

    @contextmanager
    def apart_from(self, *others: "Host") -> Iterator[None]:
        """What goes between it and these is lost in silence, in both directions."""
        pairs = [(self, each) for each in others] + [(each, self) for each in others]
        for here, there in pairs:
            here.holder.ip(f"neigh replace {there.address} lladdr {_NOBODY} dev eth0 nud permanent")
        try:
            yield
        finally:
            for here, there in pairs:
                here.holder.ip(f"neigh del {there.address} dev eth0")

    @contextmanager
    def slowed(self, rate: str) -> Iterator[None]:
        """What it sends goes at this rate at most, as tc(8) writes it."""
        words = ("qdisc", "add", "dev", "eth0", "root", "tbf", "rate", rate)
        self.command("tc", *words, "burst", "4kb", "latency", "2s")
        try:
            yield
        finally:
            self.command("tc", "qdisc", "del", "dev", "eth0", "root")


@contextmanager
def hosts(numbers: Mapping[str, int]) -> Iterator[dict[str, Host]]:
    """These, each by its name and the last number of its address, on one switch."""
    with ExitStack() as stack:
        switch = stack.enter_context(held())
        switch.ip("link add name switch type bridge", "link set switch up")
        found = {}
        for name, number in numbers.items():
            holder, port = stack.enter_context(held()), f"port{number}"
            switch.ip(
                f"link add {port} type veth peer name eth0 netns {holder.process.pid}",
                f"link set {port} master switch up",
            )
            holder.ip(f"addr add {NETWORK}.{number}/24 dev eth0", "link set eth0 up")
            found[name] = Host(name=name, number=number, port=port, switch=switch, holder=holder)
        yield found


def can_be_made() -> bool:
    """Whether this computer, and whoever runs the tests, can have them."""
    if os.geteuid() != 0:
        return False
    try:
        with hosts({"probe": 1}):
            return True
    except (AssertionError, OSError):
        return False
