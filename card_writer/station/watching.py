"""What lies in the readers, for the page; PC/SC waits in a thread of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

from pki.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from card_writer.readers.watch import Slot

AGAIN_SECONDS: Final = 2.0
"""After the reader service went away."""
_END_SECONDS: Final = 5.0


class Watcher(Protocol):
    """Tells of readers until it is cancelled; `card_writer.readers.watch.Watch` is one."""

    def changes(self) -> "Iterator[tuple[Slot, ...]]":
        """All readers now, and again after each change."""
        ...

    def cancel(self) -> None:
        """End `changes`."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


Tell = Callable[["tuple[Slot, ...]"], None]


class ReaderWatch:
    """Keeps watching, also when the reader service comes and goes."""

    def __init__(self, made: Callable[[], Watcher], tell: Tell) -> None:
        self._made = made
        self._tell = tell
        self._ended = threading.Event()
        self._watcher: Watcher | None = None
        self._lock = threading.Lock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch while the block lasts; ``tell`` is called on the event loop."""
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._watch, args=(loop,), name="readers", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._end()
            await asyncio.to_thread(thread.join, _END_SECONDS)

    def _end(self) -> None:
        self._ended.set()
        with self._lock:
            if self._watcher is not None:
                self._watcher.cancel()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._ended.is_set():
            try:
                self._follow(loop)
            except Unavailable:
                loop.call_soon_threadsafe(self._tell, ())
                self._ended.wait(AGAIN_SECONDS)

    def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        watcher = self._made()
        with self._lock:
            self._watcher = watcher
        try:
            for slots in watcher.changes():
                if self._ended.is_set():
                    return
                loop.call_soon_threadsafe(self._tell, slots)
        finally:
            with self._lock:
                self._watcher = None
            watcher.close()
