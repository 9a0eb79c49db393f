"""Stand-ins for the ports of the status services: a clock, a store, signers, a journal feed."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from pki.ports import HttpAnswer, HttpRequest, SystemClock
from server.status_http.reading import Limits
from server.status_listener import Handler, StatusListener, bind

START: Final = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """A clock that moves when it is told to."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class FakeHandler:
    """Answers with what it was asked; ``/hot`` is ready, ``/slow`` waits for `release`."""

    methods: Sequence[str] = ("GET", "HEAD", "POST")
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[HttpRequest] = field(default_factory=list)
    big: bytes = b""

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> bytes | None:
        if method == b"GET" and target.endswith(b"/hot"):
            return b"Content-Length: 3\r\n\r\nhot"
        return None

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        self.asked.append(request)
        self.reached.set()
        if request.target.endswith(b"/slow"):
            await self.release.wait()
        if request.target.endswith(b"/defect"):
            raise ZeroDivisionError
        body = self.big or b"%s %s %s" % (
            request.method.encode(),
            request.target,
            request.body,
        )
        return HttpAnswer(
            status=200, headers=(("Content-Length", str(len(body))), ("ETag", '"x"')), body=body
        )


@asynccontextmanager
async def listening(
    handler: Handler | Mapping[bytes, Handler], limits: Limits | None = None
) -> AsyncIterator[tuple[StatusListener, int]]:
    """A listener on a free port of loopback, ended gracefully."""
    routes = handler if isinstance(handler, Mapping) else {b"/": handler}
    listener = StatusListener(routes, clock=SystemClock(), limits=limits)
    sock = bind("127.0.0.1", 0)
    port = sock.getsockname()[1]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listener.run(sock, stop))
        await asyncio.sleep(0)
        try:
            yield listener, port
        finally:
            stop.set()


async def exchange(port: int, *parts: bytes, pause: float = 0.0, seconds: float = 10.0) -> bytes:
    """Send the parts and read until the server closes or ``seconds`` pass without an end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            if pause:
                await asyncio.sleep(pause)
        async with asyncio.timeout(seconds):
            return await reader.read()
    finally:
        writer.close()
