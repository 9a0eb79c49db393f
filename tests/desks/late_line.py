"""The line between a desk and its server: what the server says comes late, or too late."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_CHUNK = 1 << 16


@dataclass(kw_only=True)
class LateLine:
    """Passes on what both ends say, the server's answers ``delay`` seconds late.

    ``held``: from the next one on, none comes on the connections that there are.
    """

    server: int
    delay: float = 0.0
    held: bool = False
    passed: Callable[[], None] = lambda: None
    port: int = field(default=0, init=False)
    _connections: set[asyncio.Task[None] | None] = field(default_factory=set, init=False)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["LateLine"]:
        """Be the server on a port of our own."""
        listener = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listener.close()
            open_still = [each for each in self._connections if each is not None]
            for each in open_still:
                each.cancel()
            if open_still:
                await asyncio.wait(open_still)

    async def _connected(self, desk: asyncio.StreamReader, to_desk: asyncio.StreamWriter) -> None:
        self._connections.add(asyncio.current_task())
        server, to_server = await asyncio.open_connection("127.0.0.1", self.server)

        def hang_up() -> None:
            to_desk.transport.abort()
            to_server.transport.abort()

        async def ask() -> None:
            while said := await desk.read(_CHUNK):
                to_server.write(said)
            hang_up()

        async def answer() -> None:
            while said := await server.read(_CHUNK):
                await asyncio.sleep(self.delay)
                if self.held:
                    return
                self.passed()
                to_desk.write(said)
            hang_up()

        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(ask())
                tasks.create_task(answer())
        except* OSError:
            pass
        finally:
            hang_up()
            self._connections.discard(asyncio.current_task())
