"""The one writer of a process: takes the changes that wait, commits them together, then answers.

::

    write(work) ─▶ queue ─▶ lock head, each work in a savepoint, COMMIT ─▶ listeners ─▶ callers
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Self, TypeVar

from sqlalchemy import Engine

from pki.domain.errors import StoreUnavailable, ZorgidError
from pki.domain.journal import JournalEntry
from pki.ports import Clock
from pki.store.commit.ending import OutcomeUnknown
from pki.store.engine import check_revision, write_engine
from pki.store.history.guard import Guard
from pki.store.transaction import Outcome, Work, commit_together
from pki.store.write_session import WriteSession

__all__ = ["Listener", "Store", "WriteSession"]

T = TypeVar("T")
Listener = Callable[[Sequence[JournalEntry]], None]

QUEUE_LIMIT: Final = 8192
"""Changes that may wait; one more is refused at once."""

BATCH_LIMIT: Final = 1024
"""Changes in one transaction at most, so that none waits long for its answer."""

_NOTHING: Final = "a transaction failed and nothing of it was recorded"
_UNKNOWN: Final = "a transaction failed at its COMMIT: all of it was recorded, or nothing"

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True, eq=False)
class _Waiting:
    """A change and who waits for it: a future of ``loop``, or of a thread when ``loop`` is None.

    ``context`` is that of the caller, so that what is logged meanwhile names his request.
    """

    work: Work
    future: "asyncio.Future[Any] | Future[Any]"
    loop: asyncio.AbstractEventLoop | None
    context: Context = field(default_factory=copy_context)
    since: float = field(default_factory=time.monotonic)

    def run(self, session: WriteSession) -> object:
        """The change, in the caller's context."""
        return self.context.run(self.work, session)

    def answer(self, outcome: Outcome) -> None:
        if outcome.entries:
            self.context.run(_say_recorded, outcome.entries, self.since)
        if self.future.done():
            return
        if outcome.error is None:
            self.future.set_result(outcome.value)
        else:
            self.future.set_exception(outcome.error)


class Store:
    """Commits changes that come from any event loop and any thread, in a thread of its own.

    A change must be quick and do nothing but read and write the store: all others wait for it. It
    runs once or not at all. Cancelling a `write` does not tell whether it was committed.
    """

    def __init__(self, engine: Engine, clock: Clock, guard: Guard) -> None:
        """Use `open`."""
        self._engine = engine
        self._clock = clock
        self._guard = guard
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._listeners: list[tuple[asyncio.AbstractEventLoop, Listener]] = []
        self._thread = threading.Thread(target=self._serve, name="store-write", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, url: str, *, clock: Clock, guard: Guard | None = None) -> Self:
        """Open a store for writing, under a ``guard`` of this store's own.

        Raises:
            ConfigurationInvalid: the URL names nothing usable.
            SchemaMismatch: the store was made by another release, or not made yet.
            StoreUnavailable: the database cannot be reached.
        """
        engine = write_engine(url)
        try:
            check_revision(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, clock, guard or Guard())

    async def write(self, work: Callable[[WriteSession], T]) -> T:
        """Run ``work`` in its own savepoint; return its value after COMMIT and the listeners.

        Whatever ``work`` raises undoes its own writes only, and is raised here.

        Raises:
            StoreUnavailable: too many changes wait, the store is closing, or the database failed;
                nothing was changed, unless it says that this is not known.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue(_Waiting(work=work, future=future, loop=loop))
        return await future

    def write_sync(self, work: Callable[[WriteSession], T]) -> T:
        """As `write`, for a thread without an event loop."""
        future: Future[T] = Future()
        self._queue(_Waiting(work=work, future=future, loop=None))
        return future.result()

    def on_commit(self, listener: Listener) -> None:
        """Call ``listener`` with the new entries after COMMIT, before the writers are answered.

        It is called on the event loop that runs now; it must be quick and raise nothing.

        Raises:
            RuntimeError: no event loop is running in this thread.
        """
        self._listeners = [*self._listeners, (asyncio.get_running_loop(), listener)]

    async def close(self) -> None:
        """Refuse new changes, commit and answer those that wait, give the connections back."""
        await asyncio.to_thread(self.close_sync)

    def close_sync(self) -> None:
        """As `close`, for a thread without an event loop."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._guard.close()
        self._engine.dispose()

    def _queue(self, waiting: _Waiting) -> None:
        with self._changed:
            if self._closing:
                raise StoreUnavailable(message="the store is closing")
            if len(self._waiting) >= QUEUE_LIMIT:
                raise StoreUnavailable(
                    message="too many changes wait for the store", next_step="try again later"
                )
            self._waiting.append(waiting)
            if len(self._waiting) == 1:
                self._changed.notify_all()

    def _take(self) -> list[_Waiting]:
        """The changes that wait now, once there are any; none means that the store is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            count = min(len(self._waiting), BATCH_LIMIT)
            return [self._waiting.popleft() for _ in range(count)]

    def _serve(self) -> None:
        while batch := self._take():
            self._commit([each for each in batch if not each.future.cancelled()])

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        if not batch:
            return
        try:
            works = [each.run for each in batch]
            done = commit_together(self._engine, self._clock, works, self._guard)
        except BaseException as error:  # noqa: BLE001 -- the thread must outlive it, every caller gets it
            self._fail(batch, error)
            return
        outcomes = list(zip(batch, done.outcomes, strict=True))
        listeners = self._listeners if done.entries else []
        _tell(listeners, tuple(done.entries), lambda: _answer(outcomes))

    def _fail(self, batch: Sequence[_Waiting], error: BaseException) -> None:
        known = error if isinstance(error, ZorgidError) else None
        _log.error(
            _UNKNOWN if isinstance(error, OutcomeUnknown) else _NOTHING,
            extra={"changes": len(batch), "why": str(known or type(error).__name__)},
        )
        _answer([(each, Outcome(error=_copy(error))) for each in batch])


def _say_recorded(entries: Sequence[JournalEntry], since: float) -> None:
    """By these positions a request is found again in the journal and in the logs of followers."""
    if not _log.isEnabledFor(logging.INFO):
        return
    kinds = ",".join(dict.fromkeys(each.event.KIND for each in entries))
    first, last = entries[0].position, entries[-1].position
    fields = {"first": first, "last": last, "kinds": kinds}
    took = round((time.monotonic() - since) * 1000, 1)
    _log.info("recorded", extra={**fields, "milliseconds": took})


def _copy(error: BaseException) -> Exception:
    """An error of its own for every caller, since raising one writes into it."""
    if isinstance(error, ZorgidError):
        return StoreUnavailable(message=error.message, next_step=error.next_step)
    return StoreUnavailable(message=f"the store failed: {type(error).__name__}")


def _tell(
    listeners: Sequence[tuple[asyncio.AbstractEventLoop, Listener]],
    entries: Sequence[JournalEntry],
    then: Callable[[], None],
) -> None:
    """Call each listener on its own loop, one after the other, and ``then`` at the end."""
    if not listeners:
        then()
        return
    (loop, listener), rest = listeners[0], listeners[1:]

    def call() -> None:
        try:
            listener(entries)
        except Exception:  # noqa: BLE001 -- the change is committed: its writers must be answered
            _log.exception("a listener of the journal failed")
        _tell(rest, entries, then)

    if not _on(loop, call):
        _tell(rest, entries, then)


def _answer(outcomes: Iterable[tuple[_Waiting, Outcome]]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, Outcome]]] = {}
    for waiting, outcome in outcomes:
        if waiting.loop is None:
            waiting.answer(outcome)
        else:
            by_loop.setdefault(waiting.loop, []).append((waiting, outcome))
    for loop, answers in by_loop.items():
        _on(loop, partial(_answer_here, answers))


def _answer_here(answers: Iterable[tuple[_Waiting, Outcome]]) -> None:
    for waiting, outcome in answers:
        waiting.answer(outcome)


def _on(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> bool:
    """Have ``call`` run on ``loop``; False when that loop has ended."""
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        return False
    return True
