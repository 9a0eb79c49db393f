"""The line between a server and its PostgreSQL, which a test slows down and cuts."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from installed.program import START_SECONDS

SOCKET = ".s.PGSQL.5432"
"""What libpq looks for in a folder that is named as host."""

_COMMIT = b"COMMIT\x00"
_CHUNK = 1 << 16


@dataclass(kw_only=True, eq=False)
class Wire:
    """Passes on what both ends say.

    ``delay``: seconds before each answer of the database is passed on. ``tear``: the COMMIT of the
    next transaction that says ``word`` is lost with its connection, before the database has it or
    after it has answered; None again then.
    """

    database: Path
    delay: float = 0.0
    word: bytes = b""
    tear: Literal["before", "after"] | None = None
    _lines: set["_Line"] = field(default_factory=set)

    async def serve(self, folder: Path, ready: threading.Event, stop: asyncio.Event) -> None:
        """Be the database's socket in ``folder`` until ``stop``."""
        server = await asyncio.start_unix_server(self._connected, folder / SOCKET)
        ready.set()
        await stop.wait()
        server.close()
        self.hang_up()

    def hang_up(self) -> None:
        """End every connection that there is."""
        for each in list(self._lines):
            each.hang_up()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            ours = await asyncio.open_unix_connection(self.database)
        except OSError:
            writer.transport.abort()
            return
        line = _Line(wire=self, program=(reader, writer), database=ours)
        self._lines.add(line)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(line.ask())
                tasks.create_task(line.answer())
        except* OSError:
            line.hang_up()
        finally:
            self._lines.discard(line)


@dataclass(kw_only=True, eq=False)
class _Line:
    """One connection."""

    wire: Wire
    program: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    database: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    written: bool = False
    deaf: bool = False

    def hang_up(self) -> None:
        for _, writer in (self.program, self.database):
            writer.transport.abort()

    async def ask(self) -> None:
        """What the program says."""
        while said := await self.program[0].read(_CHUNK):
            if self._torn_at(said) == "before":
                break
            self.database[1].write(said)
            await self.database[1].drain()
        self.hang_up()

    def _torn_at(self, said: bytes) -> Literal["before", "after"] | None:
        if self.wire.tear is None:
            return None
        self.written = self.written or self.wire.word in said
        if _COMMIT not in said:
            return None
        written, self.written = self.written, False
        if not written:
            return None
        tear, self.wire.tear, self.deaf = self.wire.tear, None, True
        return tear

    async def answer(self) -> None:
        """What the database says."""
        while (said := await self.database[0].read(_CHUNK)) and not self.deaf:
            if self.wire.delay:
                await asyncio.sleep(self.wire.delay)
            self.program[1].write(said)
            await self.program[1].drain()
        self.hang_up()


@dataclass(kw_only=True)
class WireThread:
    """A wire at work in a thread of its own."""

    wire: Wire
    _loop: asyncio.AbstractEventLoop

    def cut(self) -> None:
        """End every connection that there is."""
        self._loop.call_soon_threadsafe(self.wire.hang_up)


@contextmanager
def wired(database: Path, folder: Path) -> Iterator[WireThread]:
    """A line to the socket ``database`` that begins in ``folder``."""
    wire, ready = Wire(database=database), threading.Event()
    made: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        made.append((asyncio.get_running_loop(), stop))
        await wire.serve(folder, ready, stop)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="wire")
    thread.start()
    assert ready.wait(START_SECONDS)
    loop, stop = made[0]
    try:
        yield WireThread(wire=wire, _loop=loop)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
