"""One connection: answers in order, a ready one in one write, a deadline on every wait."""

import asyncio
from collections import deque
from http import HTTPStatus
from time import monotonic
from typing import cast

from pki.ports import HttpAnswer, LiveAnswers, ReadyAnswer
from server.status_http.desk import (
    CLOSE,
    HEAD_END,
    KEEP,
    KEEP_OLD,
    Asked,
    Desk,
    Head,
    half_close,
    head_of,
    plain,
    written,
)
from server.status_http.reading import RequestReader


class Connection(asyncio.Protocol):
    """Reads until a request is the last (``_last``); ``_ended`` once that is answered.

    ``_at_rest``: nothing is begun, owed or refused; what arrives next begins a request. ``_live``:
    what is answered by `give`; all that comes in meanwhile waits behind it.
    """

    __slots__ = (
        "_at_rest",
        "_busy",
        "_desk",
        "_ended",
        "_found",
        "_gate",
        "_heads",
        "_known",
        "_last",
        "_live",
        "_mode",
        "_queue",
        "_reader",
        "_since",
        "_transport",
        "_unsent",
        "_whole_ones",
    )
    _transport: asyncio.Transport

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known = desk.known
        self._heads = desk.heads
        self._reader: RequestReader | None = None
        self._queue: deque[tuple[Asked | HttpAnswer, int]] = deque()
        self._live: tuple[Asked, int] | None = None
        self._at_rest = True
        self._busy = False
        self._last = False
        self._ended = False
        self._gate: asyncio.Event | None = None
        self._unsent = 0
        self._since = desk.tick
        self._whole_ones = 0
        self._found: ReadyAnswer | None = None
        self._mode = KEEP

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
        if self._at_rest:
            known = self._known.get(data)
            if known is not None:
                ready, mode = known
                now = monotonic()
                if now < ready.until and now < ready.gate.until:
                    ready.used = True
                    ready.given[0] += 1
                    self._give_at_rest(self._desk.prefixes[mode] + ready.octets, mode)
                    return
            end = data.find(HEAD_END) + 4
            head = self._heads.get(data[:end])
            if head is not None and len(data) - end == head.length:
                self._by_head(head, data, data[end:])
                return
        if not self._last:
            self._read(data)

    def _by_head(self, head: Head, data: bytes, body: bytes) -> None:
        """A whole request, and nothing else, whose head is known."""
        method, target, headers, _, mode = head
        ready = self._desk.hot(method, target, headers, body)
        if isinstance(ready, ReadyAnswer):
            self._desk.remember(data, ready, mode)
            self._give_at_rest(self._desk.prefixes[mode] + ready.octets, mode)
        else:
            self._since = self._desk.tick
            self._last = mode == CLOSE
            self._begin_answer(ready, Asked(method, target, headers, body), mode)

    def _give_at_rest(self, octets: bytes, mode: int) -> None:
        """Answer octets that were exactly one request; after the last nothing is left unread."""
        self._since = self._desk.tick
        self._transport.write(octets)
        if mode == CLOSE:
            self._at_rest = False
            self._last = self._ended = True
            self._transport.close()

    def _read(self, data: bytes) -> None:
        """Parse; and make the octets known when they were one whole request and nothing else."""
        reader = self._reader
        if reader is None:
            reader = self._reader = RequestReader(
                self._desk.limits,
                begun=self._touch,
                whole=self._whole,
                expected=self._expected,
                refuse=self._refuse,
            )
        rested, self._at_rest = self._at_rest, False
        self._whole_ones, self._found = 0, None
        reader.feed(data)
        if rested and self._whole_ones == 1 and not (reader.open or reader.refused):
            self._remember(data, reader)
        self._at_rest = not (reader.open or self._busy or self._last)

    def _remember(self, data: bytes, reader: RequestReader) -> None:
        head = head_of(data, reader, self._mode)
        if head is not None:
            self._desk.remember_head(*head)
        if self._found is not None:
            self._desk.remember(data, self._found, self._mode)

    @property
    def _open(self) -> bool:
        """A request has begun and is not whole yet."""
        return self._reader is not None and self._reader.open

    def _touch(self) -> None:
        self._since = self._desk.tick

    def _expected(self) -> None:
        """RFC 9110 10.1.1: the client waits before it sends the body."""
        if not self._busy:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _whole(self, reader: RequestReader) -> None:
        self._since = self._desk.tick
        self._whole_ones += 1
        if self._last:
            return
        desk = self._desk
        self._last = reader.close or desk.draining
        asked = Asked(reader.method, reader.target, reader.headers, reader.body)
        mode = self._mode = CLOSE if self._last else KEEP_OLD if reader.old else KEEP
        if self._busy:
            self._enqueue(asked, mode)
            return
        ready = desk.hot(*asked)
        if isinstance(ready, ReadyAnswer):
            self._found = ready
            self._transport.write(desk.prefixes[mode] + ready.octets)
            self._end_if_last()
        else:
            self._begin_answer(ready, asked, mode)

    def _begin_answer(self, live: LiveAnswers | None, asked: Asked, mode: int) -> None:
        """Nothing else is owed."""
        if live is None:
            self._enqueue(asked, mode)
        else:
            self._at_rest = False
            self._busy = True
            self._live = asked, mode
            live.take(asked.body, self)

    def give(self, octets: bytes | None) -> None:
        """Fulfil `Receiver`."""
        live, self._live = self._live, None
        if live is None or self._ended:
            return
        if octets is None:
            self._queue.appendleft(live)
        else:
            self._transport.write(self._desk.prefixes[live[1]] + octets)
        if self._queue:
            self._transport.pause_reading()
            self._desk.spawn(self._work())
        else:
            self._rest()

    def _refuse(self, status: HTTPStatus) -> None:
        """Say why, after what is still owed, and end."""
        if not self._last:
            self._last = True
            self._enqueue(plain(status), CLOSE)

    def _enqueue(self, what: Asked | HttpAnswer, mode: int) -> None:
        """Let it wait behind what is owed; no more is read until all is answered."""
        self._at_rest = False
        self._queue.append((what, mode))
        self._transport.pause_reading()
        if not self._busy:
            self._busy = True
            self._desk.spawn(self._work())

    async def _work(self) -> None:
        while self._queue:
            if self._gate is not None:
                await self._gate.wait()
                continue
            what, mode = self._queue.popleft()
            head_only = False
            if isinstance(what, Asked):
                head_only = what.method == b"HEAD"
                what = await self._desk.answer(what.request)
            if not self._ended:
                prefix = self._desk.prefixes[mode]
                self._transport.writelines(written(what, prefix, head_only=head_only))
        if not self._ended:
            self._transport.resume_reading()
            self._rest()

    def _rest(self) -> None:
        """All that was asked is answered."""
        self._busy = False
        self._touch()
        self._at_rest = not (self._last or self._open)
        self._end_if_last()

    def _end_if_last(self) -> None:
        """Half-close and read on: closing on unread octets resets the answer (RFC 9112 9.6)."""
        if self._last and not self._ended:
            self._ended = True
            self._touch()
            half_close(self._transport)

    def drain(self) -> None:
        """End as soon as what was asked is answered."""
        if not self._busy and not self._open:
            self._ended = True
            self._transport.close()

    def abort(self) -> None:
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
        elif self._open:
            if waited > limits.request_seconds:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        elif waited > limits.idle_seconds:
            self._ended = True
            self._transport.close()
