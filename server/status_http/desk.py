"""What a connection and its listener have to do with each other, and the short answers."""

from asyncio import WriteTransport
from collections import OrderedDict
from collections.abc import Coroutine, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from pki.ports import HttpAnswer, HttpRequest, LiveAnswers, ReadyAnswer
from server.status_http.reading import Limits, RequestReader

if TYPE_CHECKING:
    from server.status_http.connection import Connection

KEEP: Final = 0
CLOSE: Final = 1
KEEP_OLD: Final = 2
"""Which of a desk's three prefixes an answer gets; the last is for HTTP/1.0 with keep-alive."""

HEAD_END: Final = b"\r\n\r\n"
NOT_BY_OCTETS: Final = frozenset({b"transfer-encoding", b"expect", b"upgrade"})


ONE_WRITE: Final = 65536
"""Answers up to this many octets leave in one write; larger bodies are not copied for it."""


class Head(NamedTuple):
    """What the octets before a body say: they are the same whatever body of that length follows."""

    method: bytes
    target: bytes
    headers: Mapping[bytes, bytes]
    length: int
    mode: int


class Asked(NamedTuple):
    """A whole request, as it was read."""

    method: bytes
    target: bytes
    headers: Mapping[bytes, bytes]
    body: bytes

    @property
    def request(self) -> HttpRequest:
        """The same for who answers it in full; llhttp knows no method that is not ASCII."""
        return HttpRequest(
            method=self.method.decode("ascii"),
            target=self.target,
            headers=self.headers,
            body=self.body,
        )


class Desk(Protocol):
    """What a connection needs of its listener.

    ``patience``: the longest that any client is waited for now, in seconds; infinite unless places
    are scarce. ``known``: octets that were one whole request on a connection at rest, the answer
    that was ready for it, and its mode. The same octets, again on a connection at rest, are the
    same request: they need not be parsed for it to be given once more. ``heads``: the same of the
    octets up to and with the empty line.
    """

    limits: Limits
    patience: float
    tick: float
    prefixes: tuple[bytes, bytes, bytes]
    draining: bool
    known: OrderedDict[bytes, tuple[ReadyAnswer, int]]
    heads: OrderedDict[bytes, Head]

    def opened(self, connection: "Connection") -> bool:
        """Take the connection in; False when there are too many."""
        ...

    def closed(self, connection: "Connection") -> None:
        """Forget the connection."""
        ...

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> ReadyAnswer | LiveAnswers | None:
        """A ready answer, or who makes one that is given but once; or None."""
        ...

    def remember(self, asked: bytes, ready: ReadyAnswer, mode: int) -> None:
        """Make these octets known, if there is room and time for it."""
        ...

    def remember_head(self, octets: bytes, head: Head) -> None:
        """Make the octets of a head known, likewise."""
        ...

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer in full; raises nothing but cancellation."""
        ...

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run beside the others, within the listener's task group."""
        ...


def half_close(transport: WriteTransport) -> None:
    """Say that nothing follows; a client that has left may have reset the connection."""
    try:
        transport.write_eof()
    except OSError:
        transport.abort()


def written(answer: HttpAnswer, prefix: bytes, *, head_only: bool) -> tuple[bytes, ...]:
    """What is written for an answer; ``prefix`` is that of 200."""
    if answer.status != HTTPStatus.OK:
        status = HTTPStatus(answer.status)
        line = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
        prefix = line + prefix.split(b"\r\n", 1)[1]
    head, body = prefix + answer.head(), b"" if head_only else answer.body
    return (head + body,) if len(body) <= ONE_WRITE else (head, body)


def head_of(data: bytes, reader: RequestReader, mode: int) -> tuple[bytes, Head] | None:
    """The head of what was read as one whole request; None where its octets do not say it all.

    A body in chunks, one that is waited for, and an upgrade are left to the parser.
    """
    end = data.find(HEAD_END) + len(HEAD_END)
    if data[end:] != reader.body or not NOT_BY_OCTETS.isdisjoint(reader.headers):
        return None
    head = Head(reader.method, reader.target, reader.headers, len(reader.body), mode)
    return data[:end], head


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
