"""The process of a PKCS#11 module as its server has it: started, asked, and ended when it hangs."""

import asyncio
import logging
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeVar

from pki.domain.errors import SignerUnavailable
from pki.keys.pkcs11.link import FIRST_PAUSE, LONGEST_PAUSE
from pki.keys.pkcs11.wire import Answer, decoded

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

AHEAD: Final = 2
"""Requests the process holds at a time: one that it works on and the next, so that it never waits
for this process between two. What is given up before it is among them is never begun."""


START_SECONDS: Final = 30.0
"""For starting it, loading the module and logging in."""

# -P, since a folder that the program is started in is not its own.
_PROGRAM: Final = ("-P", "-m", "pki.keys.pkcs11.child")
_LONGEST: Final = 1 << 24
"""Octets of an answer; the inventory of a token is some tens of thousands."""


class Loss(Enum):
    """How a process was lost."""

    ENDED = "Crashed"
    HUNG = "Hanging"


class Peer(Protocol):
    """One life of a module's process. Used by one thread only."""

    def is_alive(self) -> bool:
        """Whether it can be asked."""
        ...

    def ask(self, line: bytes) -> None:
        """Send a request; raises OSError."""
        ...

    def answer(self, seconds: float) -> bytes:
        """The next answer, empty when it has ended; raises OSError, TimeoutError among them."""
        ...

    def end(self) -> None:
        """Kill it, and let go of it."""
        ...


class ModuleProcess:
    """A `Peer`: `child`, with nothing inherited but its end of a socket pair."""

    def __init__(self, library: Path, program: Sequence[str] = _PROGRAM) -> None:
        """Start ``program`` for a library; raises OSError."""
        self._channel, theirs = socket.socketpair()
        self._lines = self._channel.makefile("rb")
        words = (*program, str(library), str(theirs.fileno()), str(os.getpid()))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, line: bytes) -> None:
        self._channel.sendall(line)

    def answer(self, seconds: float) -> bytes:
        if seconds != self._channel.gettimeout():
            self._channel.settimeout(seconds)
        return self._lines.readline(_LONGEST)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._lines.close()
        self._channel.close()


class Done(Protocol):
    """Who waits for an answer; told by the caller's thread alone."""

    def set_running_or_notify_cancel(self) -> bool:
        """Whether anybody still waits; from now on the request may be begun."""
        ...

    def set_result(self, result: Answer, /) -> None:
        """Hand over the answer."""
        ...

    def set_exception(self, exception: SignerUnavailable, /) -> None:
        """Say that there will be none."""
        ...


class OnLoop:
    """A `Done` of whoever awaits ``future`` on the event loop that runs now.

    What `asyncio.wrap_future` does, for a third of its time.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Answer] = self._loop.create_future()

    def set_running_or_notify_cancel(self) -> bool:
        return not self.future.cancelled()

    def set_result(self, result: Answer, /) -> None:
        self._soon(self._settle, result)

    def set_exception(self, exception: SignerUnavailable, /) -> None:
        self._soon(self._give_up, exception)

    def _soon(self, call: Callable[[T], None], value: T) -> None:
        # The loop may have ended meanwhile, and with it whoever waited.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, value)

    def _settle(self, result: Answer) -> None:
        if not self.future.done():
            self.future.set_result(result)

    def _give_up(self, exception: SignerUnavailable) -> None:
        if not self.future.done():
            self.future.set_exception(exception)


class _Job(NamedTuple):
    line: bytes
    seconds: float
    done: Done


class Caller:
    """Asks one process at a time: started when it is needed, and anew when it was lost.

    Its thread is a daemon: what hangs must not keep a server from ending.
    """

    def __init__(
        self,
        name: str,
        *,
        start: Callable[[], Peer],
        greeting: Callable[[], Iterable[bytes]],
        seen: Callable[[Answer], None],
        lost: Callable[[Loss], None],
    ) -> None:
        """Each process is asked ``greeting`` first; ``seen`` and ``lost`` are told what comes."""
        self._start = start
        self._greeting = greeting
        self._seen = seen
        self._lost = lost
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._asked: deque[_Job] = deque()
        self._peer: Peer | None = None
        self._pause = 0.0
        self._not_before = float("-inf")
        threading.Thread(target=self._run, name=f"pkcs11 {name}", daemon=True).start()

    def submit(self, line: bytes, seconds: float, done: Done) -> None:
        """Queue a request; one that nobody waits for any more at its turn is never begun.

        A process that takes longer than ``seconds`` for it is killed.
        """
        self._jobs.put(_Job(line, seconds, done))

    @property
    def pending(self) -> int:
        """How many requests are with the process or wait, cancelled ones included."""
        return self._jobs.qsize() + len(self._asked)

    def _run(self) -> None:
        while True:
            try:
                self._fill()
                self._take()
            except Exception:  # noqa: BLE001 -- as said below
                # It is the only thread there is: a fault of ours costs no more than a crash.
                _LOG.exception("the process of a PKCS#11 module is given up")
                self._lose(Loss.ENDED)

    def _fill(self) -> None:
        """Ask as much as there is room for; wait while there is nothing to do at all."""
        while len(self._asked) < AHEAD:
            try:
                job = self._jobs.get(block=not self._asked)
            except queue.Empty:
                return
            if job.done.set_running_or_notify_cancel():
                self._ask(job)

    def _ask(self, job: _Job) -> None:
        self._asked.append(job)
        try:
            self._connected().ask(job.line)
        except SignerUnavailable as error:
            self._fail(error)
        except OSError:
            self._lose(Loss.ENDED)

    def _connected(self) -> Peer:
        is_idle = len(self._asked) == 1
        if self._peer is not None and is_idle and not self._peer.is_alive():
            self._end(Loss.ENDED)
        if self._peer is not None:
            return self._peer
        if time.monotonic() < self._not_before:
            raise _lost_just_now()
        try:
            self._peer = self._start()
            for line in self._greeting():
                self._peer.ask(line)
                self._seen(_read(self._peer.answer(START_SECONDS)))
        except (OSError, ValueError) as error:
            self._end(_how(error))
            raise _lost_just_now() from error
        return self._peer

    def _take(self) -> None:
        if not self._asked or self._peer is None:
            return
        try:
            answer = _read(self._peer.answer(self._asked[0].seconds))
        except (OSError, ValueError) as error:
            self._lose(_how(error))
            return
        self._pause = 0.0
        self._seen(answer)
        self._asked.popleft().done.set_result(answer)

    def _lose(self, how: Loss) -> None:
        """Nobody knows what became of the first of the requests that the process held."""
        self._fail(_lost_just_now())
        self._end(how)

    def _fail(self, error: SignerUnavailable) -> None:
        while self._asked:
            self._asked.popleft().done.set_exception(error)

    def _end(self, how: Loss) -> None:
        """End the process; the next is started after a pause that grows with each loss."""
        peer, self._peer = self._peer, None
        if peer is not None:
            peer.end()
        self._not_before = time.monotonic() + self._pause
        self._pause = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
        self._lost(how)


def _read(line: bytes) -> Answer:
    answer = decoded(line)
    if not isinstance(answer, Answer):
        raise ValueError("no answer")  # noqa: TRY004 -- as `decoded` says it
    return answer


def _how(error: Exception) -> Loss:
    return Loss.HUNG if isinstance(error, TimeoutError) else Loss.ENDED


def _lost_just_now() -> SignerUnavailable:
    return SignerUnavailable(
        message="the process of the PKCS#11 module was lost; it is started again in a moment",
        next_step="look at the HSM and its software",
    )
