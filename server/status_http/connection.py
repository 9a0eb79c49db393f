"""One connection: what is ready is given in one write, and every wait has a deadline."""

import asyncio
from http import HTTPStatus
from time import monotonic
from typing import cast

from pki.ports import ReadyAnswer
from server.status_http.answering import Answering
from server.status_http.desk import CLOSE, HEAD_END, KEEP, KEEP_OLD, Asked, Desk, Head, head_of
from server.status_http.reading import RequestReader


class Connection(Answering):
    """Reads requests and hands them on; ``peer``: the address it comes from, as text.

    What follows is in `Answering`.
    """

    __slots__ = (
        "_found",
        "_heads",
        "_known",
        "_mode",
        "_unsent",
        "_whole_ones",
        "peer",
    )

    def __init__(self, desk: Desk, peer: str = "") -> None:
        super().__init__(desk)
        self.peer = peer
        self._known = desk.known
        self._heads = desk.heads
        self._unsent = 0
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
        waits = self._busy or self._gate is not None
        if waits and len(self._queue) >= desk.limits.owed:
            self._refuse(HTTPStatus.TOO_MANY_REQUESTS)
            return
        self._last = reader.close or desk.draining
        asked = Asked(reader.method, reader.target, reader.headers, reader.body)
        mode = self._mode = CLOSE if self._last else KEEP_OLD if reader.old else KEEP
        if waits:
            self._enqueue(asked, mode)
            return
        ready = desk.hot(*asked)
        if isinstance(ready, ReadyAnswer):
            self._found = ready
            self._transport.write(desk.prefixes[mode] + ready.octets)
            self._end_if_last()
        else:
            self._begin_answer(ready, asked, mode)

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
        limits, patience = self._desk.limits, self._desk.patience
        if self._gate is not None or self._ended:
            unsent = self._transport.get_write_buffer_size()
            if unsent != self._unsent:
                self._unsent = unsent
                self._touch()
            elif waited > min(
                limits.linger_seconds if self._ended else limits.idle_seconds, patience
            ):
                self._transport.abort()
        elif self._busy:
            return
        elif self._open:
            if waited > min(limits.request_seconds, patience):
                self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        elif waited > min(limits.idle_seconds, patience):
            self._ended = True
            self._transport.close()
