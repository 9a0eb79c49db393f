"""One connection: answers in order, a ready one in one write, a deadline on every wait."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol, cast

from pki.ports import HttpAnswer, HttpRequest
from server.status_http.reading import Limits, RequestReader

KEEP: Final = 0
CLOSE: Final = 1
KEEP_OLD: Final = 2
"""Which of a desk's three prefixes an answer gets; the last is for HTTP/1.0 with keep-alive."""

ONE_WRITE: Final = 65536
"""Answers up to this many octets leave in one write; larger bodies are not copied for it."""


class Desk(Protocol):
    """What a connection needs of its listener."""

    limits: Limits
    tick: float
    prefixes: tuple[bytes, bytes, bytes]
    draining: bool

    def opened(self, connection: "Connection") -> bool:
        """Take the connection in; False when there are too many."""
        ...

    def closed(self, connection: "Connection") -> None:
        """Forget the connection."""
        ...

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> bytes | None:
        """Head and body of a ready 200 answer, without status line and Date; or None."""
        ...

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer in full; raises nothing but cancellation."""
        ...

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run beside the others, within the listener's task group."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request, or an answer already known, that waits for its turn."""

    what: HttpRequest | HttpAnswer
    mode: int


def plain(status: HTTPStatus, *headers: tuple[str, str]) -> HttpAnswer:
    """A short answer that says its status and nothing else; never to be stored."""
    body = f"{status.value} {status.phrase}\n".encode()
    return HttpAnswer(
        status=status.value,
        headers=(
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            *headers,
        ),
        body=body,
    )


class Connection(asyncio.Protocol):
    """Reads until a request is the last (``_last``); ``_ended`` once that is answered."""

    _transport: asyncio.Transport

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._reader = RequestReader(
            desk.limits,
            begun=self._touch,
            whole=self._whole,
            expected=self._expected,
            refuse=self._refuse,
        )
        self._queue: deque[_Waiting] = deque()
        self._busy = False
        self._last = False
        self._ended = False
        self._gate: asyncio.Event | None = None
        self._unsent = 0
        self._since = desk.tick

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if not self._desk.opened(self):
            self._ended = True
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._ended = True
        self._queue.clear()
        if self._gate is not None:
            self._gate.set()
        self._desk.closed(self)

    def eof_received(self) -> bool:
        """Keep our half open while answers are owed."""
        self._last = True
        return self._busy

    def pause_writing(self) -> None:
        self._gate = asyncio.Event()
        self._touch()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._gate is not None:
            self._gate.set()
            self._gate = None
        self._touch()
        if not self._busy:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if not self._last:
            self._reader.feed(data)

    def _touch(self) -> None:
        self._since = self._desk.tick

    def _expected(self) -> None:
        """RFC 9110 10.1.1: the client waits before it sends the body."""
        if not self._busy:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _whole(self) -> None:
        self._touch()
        if self._last:
            return
        reader, desk = self._reader, self._desk
        self._last = reader.close or desk.draining
        mode = CLOSE if self._last else KEEP_OLD if reader.old else KEEP
        if not self._busy:
            ready = desk.hot(reader.method, reader.target, reader.headers, reader.body)
            if ready is not None:
                self._transport.write(desk.prefixes[mode] + ready)
                self._end_if_last()
                return
        request = HttpRequest(
            method=reader.method.decode("ascii"),
            target=reader.target,
            headers=reader.headers,
            body=reader.body,
        )
        self._enqueue(_Waiting(request, mode))

    def _refuse(self, status: HTTPStatus) -> None:
        """Say why, after what is still owed, and end."""
        if not self._last:
            self._last = True
            self._enqueue(_Waiting(plain(status), CLOSE))

    def _enqueue(self, waiting: _Waiting) -> None:
        self._queue.append(waiting)
        if not self._busy:
            self._busy = True
            self._transport.pause_reading()
            self._desk.spawn(self._work())

    async def _work(self) -> None:
        while self._queue:
            if self._gate is not None:
                await self._gate.wait()
                continue
            waiting = self._queue.popleft()
            what = waiting.what
            head_only = False
            if isinstance(what, HttpRequest):
                head_only = what.method == "HEAD"
                what = await self._desk.answer(what)
            if not self._ended:
                self._send(what, waiting.mode, head_only=head_only)
        self._busy = False
        self._touch()
        if not self._ended:
            self._transport.resume_reading()
            self._end_if_last()

    def _send(self, answer: HttpAnswer, mode: int, *, head_only: bool) -> None:
        prefix = self._desk.prefixes[mode]
        if answer.status != HTTPStatus.OK:
            status = HTTPStatus(answer.status)
            line = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
            prefix = line + prefix.split(b"\r\n", 1)[1]
        body = b"" if head_only else answer.body
        if len(body) <= ONE_WRITE:
            self._transport.write(prefix + answer.head() + body)
        else:
            self._transport.write(prefix + answer.head())
            self._transport.write(body)

    def _end_if_last(self) -> None:
        """Half-close and read on: closing on unread octets resets the answer (RFC 9112 9.6)."""
        if self._last and not self._ended:
            self._ended = True
            self._touch()
            self._transport.write_eof()

    def drain(self) -> None:
        """End as soon as what was asked is answered."""
        if not self._busy and not self._reader.open:
            self._ended = True
            self._transport.close()

    def abort(self) -> None:
        """End now."""
        self._transport.abort()

    def check_time(self) -> None:
        """End what is overdue; called at every tick."""
        waited = self._desk.tick - self._since
        limits = self._desk.limits
        if self._gate is not None or self._ended:
            unsent = self._transport.get_write_buffer_size()
            if unsent != self._unsent:
                self._unsent = unsent
                self._touch()
            elif waited > (limits.linger_seconds if self._ended else limits.idle_seconds):
                self._transport.abort()
        elif self._busy:
            return
        elif self._reader.open:
            if waited > limits.request_seconds:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        elif waited > limits.idle_seconds:
            self._ended = True
            self._transport.close()
