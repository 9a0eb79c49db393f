"""One thread, through which every call into one PKCS#11 module goes.

python-pkcs11 calls C_Initialize without promising locks and releases the interpreter in every call:
two threads in one module crash it (measured with SoftHSM 2.6).
"""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, NamedTuple, TypeVar

T = TypeVar("T")

_IDLE: Final = None


class _Job(NamedTuple):
    future: Future[object]
    work: Callable[[], object]


class Worker:
    """Runs jobs in their order.

    Its thread is a daemon: a module that hangs must not keep a process from ending.
    """

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._since: float | None = _IDLE
        self._thread = threading.Thread(target=self._run, name=f"pkcs11 {name}", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Queue a job; one that is cancelled before its turn is never begun."""
        future: Future[T] = Future()
        self._jobs.put(_Job(future, work))  # type: ignore[arg-type] # Future is invariant
        return future

    @property
    def waiting(self) -> int:
        """How many jobs are queued, cancelled ones included."""
        return self._jobs.qsize()

    def busy_seconds(self) -> float:
        """For how long the present job has been running; 0 when there is none."""
        since = self._since
        return 0.0 if since is None else time.monotonic() - since

    def is_current(self) -> bool:
        """Whether the caller is this worker's own thread."""
        return threading.current_thread() is self._thread

    def _run(self) -> None:
        while True:
            future, work = self._jobs.get()
            if not future.set_running_or_notify_cancel():
                continue
            self._since = time.monotonic()
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 -- the caller gets it, the thread goes on
                self._since = _IDLE
                future.set_exception(error)
            else:
                self._since = _IDLE
                future.set_result(result)
            # Nothing of a job, a PIN least of all, stays alive until the next one comes.
            del future, work
