"""Stands between clients and a directory, a task for each connection."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]
Pass = Callable[[Streams, Streams], Awaitable[None]]
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def relayed(
    listen: Callable[[Serve], Awaitable[asyncio.Server]], connect: Connect, passed: Pass
) -> AsyncIterator[asyncio.Server]:
    """What ``listen`` accepts; ``passed`` has the client's streams and those that ``connect`` made.

    However it ends, both connections are closed.
    """
    links: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = asyncio.current_task()
        assert own is not None
        links.add(own)
        down, up = await connect()
        try:
            await passed((reader, writer), (down, up))
        except* (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            for each in (up, writer):
                each.transport.abort()

    listener = await listen(serve)
    try:
        yield listener
    finally:
        listener.close()
        for each in links:
            each.cancel()
        if links:
            await asyncio.wait(links)
