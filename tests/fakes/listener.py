"""A listener on loopback, a handler for it, and a client that says exactly what it is told to."""

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pki.domain.errors import StoreUnavailable
from pki.ports import (
    Gate,
    HttpAnswer,
    HttpRequest,
    LiveAnswers,
    ReadyAnswer,
    Receiver,
    SystemClock,
)
from server.status_http.reading import Limits
from server.status_listener import Handler, StatusListener, bind


def ready_answer(gate: Gate, body: bytes) -> ReadyAnswer:
    head = b"Content-Length: %d\r\n\r\n" % len(body)
    return ReadyAnswer(head + body, until=math.inf, gate=gate, given=[0])


@dataclass
class FakeHandler:
    """Answers with what it was asked; ``/hot`` is ready, ``/slow`` waits for `release`.

    ``/live`` has its turn when `turn` gives it ``live``.
    """

    methods: Sequence[str] = ("GET", "HEAD", "POST")
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[HttpRequest] = field(default_factory=list)
    big: bytes = b""

    def __post_init__(self) -> None:
        self.gate = Gate()
        self.gate.until = math.inf
        self.ready = ready_answer(self.gate, b"hot")
        self.hot_calls = 0
        self.live = ready_answer(self.gate, b"live").octets
        self.waiting: list[tuple[bytes, Receiver]] = []
        self.taken = asyncio.Event()

    def take(self, asked: bytes, receiver: Receiver) -> None:
        self.waiting.append((asked, receiver))
        self.taken.set()

    def turn(self, octets: bytes | None) -> None:
        """Give this to everybody who waits."""
        waiting, self.waiting = self.waiting, []
        self.taken.clear()
        for _, receiver in waiting:
            receiver.give(octets)

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> ReadyAnswer | LiveAnswers | None:
        if method == b"POST" and target.endswith(b"/live"):
            return self
        if target.endswith(b"/broken"):
            raise ZeroDivisionError
        if method == b"GET" and target.endswith(b"/hot"):
            self.hot_calls += 1
            return self.ready
        return None

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        self.asked.append(request)
        self.reached.set()
        if request.target.endswith(b"/slow"):
            await self.release.wait()
        if request.target.endswith(b"/unavailable"):
            raise StoreUnavailable(message="down", next_step="start it")
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
    handler: Handler | Mapping[bytes, Handler],
    limits: Limits | None = None,
    socket_: socket.socket | None = None,
) -> AsyncIterator[tuple[StatusListener, int]]:
    """A listener on a free port of loopback, ended gracefully."""
    routes = handler if isinstance(handler, Mapping) else {b"/": handler}
    listener = StatusListener(routes, clock=SystemClock(), limits=limits)
    sock = socket_ or bind("127.0.0.1", 0)
    port = sock.getsockname()[1]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listener.run(sock, stop))
        await asyncio.sleep(0)
        try:
            yield listener, port
        finally:
            stop.set()


async def exchange(port: int, *parts: bytes, pause: float = 0.0, seconds: float = 60.0) -> bytes:
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
