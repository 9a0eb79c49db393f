"""What a connection owes: answers in the order of their requests, written as they can be."""

import asyncio
import logging
from collections import deque
from http import HTTPStatus

from pki.ports import HttpAnswer, LiveAnswers, ReadyAnswer
from server.status_http.desk import CLOSE, Asked, Desk, half_close, plain, written
from server.status_http.reading import RequestReader

logger = logging.getLogger(__name__)


class Answering(asyncio.Protocol):
    """Reads until a request is the last (``_last``); ``_ended`` once that is answered.

    ``_at_rest``: nothing is begun, owed or refused; what arrives next begins a request. ``_live``:
    what is answered by `give`; all that comes in meanwhile waits behind it. ``_in_full``: the first
    that waits has no answer at once. ``_gate``: the client does not take what is written, so
    nothing more is.
    """

    __slots__ = (
        "_at_rest",
        "_busy",
        "_desk",
        "_ended",
        "_gate",
        "_in_full",
        "_last",
        "_live",
        "_queue",
        "_reader",
        "_since",
        "_transport",
    )
    _transport: asyncio.Transport

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._reader: RequestReader | None = None
        self._queue: deque[tuple[Asked | HttpAnswer, int]] = deque()
        self._live: tuple[Asked, int] | None = None
        self._in_full = False
        self._at_rest = True
        self._busy = False
        self._last = False
        self._ended = False
        self._gate: asyncio.Event | None = None
        self._since = desk.tick

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

    @property
    def _open(self) -> bool:
        """A request has begun and is not whole yet."""
        return self._reader is not None and self._reader.open

    def _touch(self) -> None:
        self._since = self._desk.tick

    def _begin_answer(self, live: LiveAnswers | None, asked: Asked, mode: int) -> None:
        """Nothing else is owed."""
        if live is None:
            self._in_full = True
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
            self._in_full = True
            self._queue.appendleft(live)
        else:
            self._transport.write(self._desk.prefixes[live[1]] + octets)
        if self._queue:
            self._transport.pause_reading()
            self._desk.spawn(self._work())
        else:
            if self._gate is None:
                self._transport.resume_reading()
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
        try:
            await self._answer_queue()
        except Exception as error:  # noqa: BLE001 -- a defect costs this connection, and none beside it
            self._broke(error)

    def _broke(self, error: Exception) -> None:
        """End the connection that came upon a defect."""
        logger.error("a connection is ended; this is a defect of the server", exc_info=error)
        self._ended = True
        self._transport.abort()

    async def _answer_queue(self) -> None:
        while self._queue:
            if self._gate is not None:
                await self._gate.wait()
                continue
            what, mode = self._queue.popleft()
            in_full, self._in_full = self._in_full, False
            if in_full or isinstance(what, HttpAnswer) or not self._give_at_once(what, mode):
                await self._give_in_full(what, mode)
            if self._live is not None:
                return
            if self._queue:
                # Making an answer may wait for nothing: a whole queue is not one turn of the loop.
                await asyncio.sleep(0)
        if not self._ended:
            self._transport.resume_reading()
            self._rest()

    async def _give_in_full(self, what: Asked | HttpAnswer, mode: int) -> None:
        head_only = False
        if isinstance(what, Asked):
            head_only = what.method == b"HEAD"
            what = await self._desk.answer(what.request)
        if not self._ended:
            prefix = self._desk.prefixes[mode]
            self._transport.writelines(written(what, prefix, head_only=head_only))

    def _give_at_once(self, asked: Asked, mode: int) -> bool:
        """Whether what waited behind others has its answer now, or waits for its own turn."""
        found = None if self._ended else self._desk.hot(*asked)
        if found is None:
            return False
        if isinstance(found, ReadyAnswer):
            self._transport.write(self._desk.prefixes[mode] + found.octets)
        else:
            self._live = asked, mode
            found.take(asked.body, self)
        return True

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
