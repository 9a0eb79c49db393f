"""What is known by its octets is answered as what is parsed."""

import math
from asyncio import Transport
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from pki.ports import (
    Gate,
    HttpAnswer,
    HttpRequest,
    LiveAnswers,
    ReadyAnswer,
    Receiver,
    SystemClock,
)
from server.status_http.connection import Connection
from server.status_http.reading import Limits
from server.status_listener import StatusListener


@dataclass
class Wire:
    """A transport that keeps what is written and knows whether it was ended."""

    written: list[bytes] = field(default_factory=list)
    ended: bool = False

    def write(self, data: bytes) -> None:
        assert not self.ended
        self.written.append(data)

    def end(self) -> None:
        self.ended = True

    write_eof = close = abort = end

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class Mirror:
    """Shows what it was asked: ready; or for once, what was posted, when it has its `turn`."""

    methods: Sequence[str] = ("GET", "POST")

    def __init__(self) -> None:
        self.gate = Gate()
        self.gate.until = math.inf
        self.waiting: list[tuple[bytes, Receiver]] = []

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> ReadyAnswer | LiveAnswers:
        if target.startswith(b"/once"):
            return self
        shown = octets(repr((method, target, sorted(headers.items()), body)))
        return ReadyAnswer(shown, until=math.inf, gate=self.gate, given=[0])

    def take(self, asked: bytes, receiver: Receiver) -> None:
        self.waiting.append((asked, receiver))

    def turn(self) -> None:
        while self.waiting:
            asked, receiver = self.waiting.pop()
            receiver.give(octets(repr(asked)))

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        raise AssertionError(request)


def octets(shown: str) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(shown), shown.encode())


class Desk(StatusListener):
    """A listener without a socket."""

    def __init__(self, limits: Limits) -> None:
        self.mirror = Mirror()
        super().__init__({b"/": self.mirror}, clock=SystemClock(), limits=limits)
        self.prefixes = (b"<keep>", b"<close>", b"<old>")


def exchanged(desk: Desk, chunks: Sequence[bytes]) -> tuple[bytes, bool]:
    wire = Wire()
    connection = Connection(desk)
    connection.connection_made(cast("Transport", wire))
    for chunk in chunks:
        if wire.ended:
            break
        connection.data_received(chunk)
        desk.mirror.turn()
    return b"".join(wire.written), wire.ended


def request(kind: int, body: bytes) -> bytes:
    """One of some requests that differ in ways that matter to who recognises them."""
    sized = b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    posted: Sequence[Callable[[], bytes]] = (
        lambda: b"POST /once HTTP/1.1\r\nHost: x\r\n" + sized,
        lambda: b"POST /ready HTTP/1.1\r\nHost: x\r\n" + sized,
        lambda: b"POST /once HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + sized,
        lambda: b"POST /ready HTTP/1.0\r\nConnection: keep-alive\r\n" + sized,
        lambda: b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n",
        lambda: b"GET /once HTTP/1.1\r\nHost: x\r\n\r\n",
        lambda: b"\r\nPOST /once HTTP/1.1\r\nHost: x\r\n" + sized,
        lambda: b"POST /once HTTP/1.1\r\nHost: x\r\n" + sized + b"\r\n",
        lambda: (
            b"POST /once HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n" + sized
        ),
        lambda: b"POST /once HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" + sized,
        lambda: (
            b"POST /once HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body) or 1, body or b"y")
        ),
        lambda: b"POST /once HTTP/1.1\r\n" + sized,
    )
    return posted[kind]()


BODIES = st.sampled_from([b"", b"a", b"ab", b"\r\n\r\n", request(1, b"a"), request(4, b"")])
REQUESTS = st.builds(request, st.integers(0, 11), BODIES)
CONNECTIONS = st.lists(
    st.lists(st.tuples(REQUESTS, st.lists(st.integers(1, 200), max_size=2)), max_size=4),
    min_size=1,
    max_size=5,
)


def chunks(parts: Sequence[tuple[bytes, list[int]]]) -> list[bytes]:
    """The requests as they might arrive: whole, in pieces, or joined to the next one."""
    found: list[bytes] = []
    for octets, cuts in parts:
        before = 0
        for cut in sorted({each for each in cuts if each < len(octets)}):
            found.append(octets[before:cut])
            before = cut
        found.append(octets[before:])
        if cuts == [1, 1] and len(found) > 1:
            last = found.pop()
            found[-1] += last
    return found


@settings(max_examples=400)
@given(CONNECTIONS)
def test_remembering_changes_nothing_of_what_is_answered(
    connections: list[list[tuple[bytes, list[int]]]],
) -> None:
    remembers, forgets = Desk(Limits()), Desk(Limits(known_octets=0))
    for parts in connections:
        arriving = chunks(parts)
        assert exchanged(remembers, arriving) == exchanged(forgets, arriving)
    assert not forgets.known
    assert not forgets.heads


def parsed(connection: Connection) -> bool:
    return connection._reader is not None


def test_a_known_head_is_not_parsed_again_with_another_body() -> None:
    desk = Desk(Limits())
    exchanged(desk, [request(0, b"a")])
    assert len(desk.heads) == 1
    unparsed = Connection(desk)
    wire = Wire()
    unparsed.connection_made(cast("Transport", wire))
    unparsed.data_received(request(0, b"b"))
    desk.mirror.turn()
    assert not parsed(unparsed)
    assert wire.written[0].endswith(b"b'b'")
    unparsed.data_received(request(0, b"bc"))
    desk.mirror.turn()
    assert parsed(unparsed)
    assert wire.written[1].endswith(b"b'bc'")


def test_memory_of_heads_is_bounded() -> None:
    desk = Desk(Limits(heads=2))
    for number in range(4):
        exchanged(
            desk, [b"POST /once%d HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na" % number]
        )
    assert [head.target for head in desk.heads.values()] == [b"/once2", b"/once3"]
