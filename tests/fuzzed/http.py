"""Any octets on a connection: nothing but HTTP answers, and the same however they arrive."""

import asyncio
import base64
import re
from collections.abc import Coroutine, Mapping, Sequence
from typing import Final

from fakes.status import FakeClock
from fuzzed import answers
from server.status_http.connection import Connection
from server.status_listener import Handler, StatusListener
from status_side.hostile import GOOD
from strangers.http_hostile import REQUESTS

WORDS: Final = (
    b"GET ",
    b"HEAD ",
    b"POST ",
    b" HTTP/1.1\r\n",
    b" HTTP/1.0\r\n",
    b"\r\n\r\n",
    b"/ocsp/",
    b"Host: x\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Type: application/ocsp-request\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b"Expect: 100-continue\r\n",
    b"If-None-Match: *\r\n",
    b"If-Modified-Since: Sun, 22 Nov 2026 12:00:00 GMT\r\n",
    b"0\r\n\r\n",
)
STATUSES: Final = frozenset({100, 200, 304, 400, 404, 405, 413, 414, 415, 417, 431})
_HEAD: Final = re.compile(rb"HTTP/1\.1 ([0-9]{3}) [A-Za-z '-]+\r\n((?:[^\r\n]+\r\n)*)\r\n")
_LENGTH: Final = re.compile(rb"(?:^|\n)Content-Length: ([0-9]+)\r")
_OCSP: Final = b"Content-Type: application/ocsp-response\r\n"


class Listener(StatusListener):
    """One without a socket: what it is to do later is done by `settle`."""

    def __init__(self, routes: Mapping[bytes, Handler]) -> None:
        super().__init__(routes, clock=FakeClock())
        line = b"HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\n"
        close, keep = b"Connection: close\r\n", b"Connection: keep-alive\r\n"
        self.prefixes = (line, line + close, line + keep)
        self._owed: list[Coroutine[None, None, None]] = []

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        self._owed.append(work)

    async def settle(self) -> None:
        await asyncio.sleep(0)
        while self._owed:
            await self._owed.pop(0)
            await asyncio.sleep(0)


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.ended, "written after the end"
        self.written += data

    def write_eof(self) -> None:
        self.ended = True

    close = abort = write_eof

    def is_closing(self) -> bool:
        return self.ended

    def pause_reading(self) -> None: ...

    resume_reading = pause_reading

    def get_write_buffer_size(self) -> int:
        return 0


class Target:
    """One listener for all inputs."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._bench = answers.bench()
        self._bench.responder.beat()
        self._listener = Listener({b"/ocsp": self._bench.handler})

    def __call__(self, data: bytes) -> None:
        self._runner.run(self.ask(data))

    async def ask(self, data: bytes) -> None:
        """Hold against all that must be so."""
        half = data[0] % len(data) if data else 0
        whole = await self._sent([data])
        assert whole == await self._sent([data]), "asked again"
        assert whole == await self._sent([data[:half], data[half:]]), "in two pieces"
        assert self._listener.statistics.failed == 0

    async def _sent(self, pieces: Sequence[bytes]) -> list[int]:
        wire, connection = Wire(), Connection(self._listener)
        connection.connection_made(wire)
        for piece in filter(None, pieces):
            if not wire.ended:
                connection.data_received(piece)
                await self._listener.settle()
        connection.eof_received()
        await self._listener.settle()
        connection.connection_lost(None)
        return self._answers(wire.written)

    def _answers(self, written: bytes) -> list[int]:
        """The statuses, but for 100, which only a client that waits is sent."""
        found: list[int] = []
        at = 0
        while at < len(written):
            head = _HEAD.match(written, at)
            assert head, written[at : at + 200]
            status = int(head[1])
            assert status in STATUSES, status
            at = head.end()
            length = _LENGTH.search(head[2])
            # The answer to HEAD has a length and no body; then the next answer follows, or nothing.
            if length and at < len(written) and not written.startswith(b"HTTP/1.1 ", at):
                body = written[at : at + int(length[1])]
                at += len(body)
                if status == 200 and _OCSP in head[2]:
                    answers.check_answer(body, self._bench)
            if status != 100:
                found.append(status)
        return found


def seeds() -> list[bytes]:
    """The named cases, and one that is well."""
    good = GOOD
    path = b"/ocsp/" + base64.b64encode(good)
    return [
        *REQUESTS.values(),
        b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n"
        b"Content-Length: %d\r\n\r\n" % len(good) + good,
    ]
