"""Octets of one connection become whole, bounded requests.

Parsing is httptools' (llhttp, strict: two lengths, or a length beside a transfer coding, are its
errors). What RFC 9112 leaves to the server is decided here: sizes, versions, a missing or doubled
Host, transfer codings beside chunked (none is known), and an upgrade that is not wanted.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import httptools

from server.status_http.peers import Network

logger = logging.getLogger(__name__)

ONCE: Final = frozenset({b"host", b"content-type", b"content-length"})
"""Headers whose repetition could be read in two ways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on one connection and on all; an OCSP request usually has about 100 octets.

    ``crowded_seconds``: instead of longer waits, once nine tenths of all connections are taken.
    ``owed``: requests that wait on one connection for the answers before theirs.
    ``grace_seconds``: how long, once the listener ends, an idle connection may still ask.
    ``each_peer``: connections of one address, or of an IPv6 /64; 0 for no bound. ``proxies``: from
    there come the connections of many, so they are not counted.
    ``known``: how many requests are remembered octet for octet, each of ``known_octets`` at most;
    ``heads``: how many of what is before a body.
    """

    line_octets: int = 8192
    head_octets: int = 16384
    header_count: int = 100
    body_octets: int = 16384
    request_seconds: float = 10.0
    idle_seconds: float = 30.0
    linger_seconds: float = 2.0
    crowded_seconds: float = 2.0
    drain_seconds: float = 10.0
    grace_seconds: float = 0.0
    owed: int = 128
    connections: int = 10_000
    each_peer: int = 1000
    proxies: tuple[Network, ...] = ()
    known: int = 65_536
    known_octets: int = 1024
    heads: int = 1024


class _Refusal(Exception):
    """Stops the parser; the status is already chosen."""


class RequestReader:
    """Calls ``whole`` for each request, its parts in the attributes, and ``refuse`` at a fault.

    After that nothing more is read. ``open``: a request has begun and is not whole yet.
    """

    method: bytes
    target: bytes
    headers: dict[bytes, bytes]
    body: bytes
    old: bool
    close: bool

    def __init__(
        self,
        limits: Limits,
        *,
        begun: Callable[[], None],
        whole: "Callable[[RequestReader], None]",
        expected: Callable[[], None],
        refuse: Callable[[HTTPStatus], None],
    ) -> None:
        self._limits = limits
        self._begun = begun
        self._whole = whole
        self._expected = expected
        self._refuse = refuse
        self._parser = httptools.HttpRequestParser(self)
        self._refusal = HTTPStatus.BAD_REQUEST
        self._count = 0
        self._carried = 0
        self._owed: int | None = None
        self.open = False
        self.refused = False

    def feed(self, data: bytes) -> None:
        """Take in what arrived."""
        while data and not self.refused:
            data = self._parse(data) if self._owed is None else self._take_owed(data)

    def _parse(self, data: bytes) -> bytes:
        count, was_open = self._count, self.open
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._parser = httptools.HttpRequestParser(self)
            self._decline_upgrade()
            return data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            self._fail(error)
            return b""
        if was_open and self.open and count == self._count:
            self._carry(len(data))
        return b""

    def _fail(self, error: httptools.HttpParserError) -> None:
        defect = isinstance(error, httptools.HttpParserCallbackError) and not isinstance(
            error.__context__, _Refusal
        )
        if defect:
            logger.error("reading a request failed; this is a defect", exc_info=error)
        self._end(HTTPStatus.INTERNAL_SERVER_ERROR if defect else self._refusal)

    def _carry(self, count: int) -> None:
        """Bound what the parser itself holds: a header, trailer or chunk size that never ends."""
        self._carried += count
        limits = self._limits
        if self._carried > limits.line_octets + limits.head_octets + 2 * limits.body_octets:
            self._end(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _decline_upgrade(self) -> None:
        """Go on in HTTP/1.1 (RFC 9110 7.8); the parser has left the body to us."""
        if b"transfer-encoding" in self.headers:
            self._end(HTTPStatus.BAD_REQUEST)
            return
        self._owed = int(self.headers.get(b"content-length", b"0"))
        if self._owed == 0:
            self._take_owed(b"")

    def _take_owed(self, data: bytes) -> bytes:
        taken = data[: (self._owed or 0) - len(self.body)]
        self.body += taken
        if len(self.body) == self._owed:
            self._owed = None
            self._complete()
        return data[len(taken) :]

    def _complete(self) -> None:
        self.open = False
        self._whole(self)

    def _end(self, status: HTTPStatus) -> None:
        self.refused = True
        self.open = False
        self._refuse(status)

    def _stop(self, status: HTTPStatus) -> None:
        self._refusal = status
        raise _Refusal

    def on_message_begin(self) -> None:
        self.target = b""
        self.headers = {}
        self.body = b""
        self.open = True
        self._head_octets = 0
        self._header_count = 0
        self._in_head = True
        self._upgrade = False
        self._carried = 0
        self._count += 1
        self._begun()

    def on_url(self, part: bytes) -> None:
        self.target += part
        if len(self.target) > self._limits.line_octets:
            self._stop(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        limits = self._limits
        self._head_octets += len(name) + len(value)
        self._header_count += 1
        if self._head_octets > limits.head_octets or self._header_count > limits.header_count:
            self._stop(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not self._in_head:
            return
        name = name.lower()
        before = self.headers.get(name)
        if before is not None and name in ONCE:
            self._stop(HTTPStatus.BAD_REQUEST)
        self.headers[name] = value if before is None else before + b", " + value

    def on_headers_complete(self) -> None:
        self._in_head = False
        self.method = self._parser.get_method()
        self._upgrade = self._parser.should_upgrade()
        headers = self.headers
        version = self._parser.get_http_version()
        connection = headers.get(b"connection", b"").lower()
        self.old = version == "1.0"
        self.close = b"close" in connection or (self.old and b"keep-alive" not in connection)
        if not self.old and (version != "1.1" or b"host" not in headers):
            self._stop(HTTPStatus.BAD_REQUEST)
        if headers.get(b"transfer-encoding", b"chunked").lower() != b"chunked":
            self._stop(HTTPStatus.BAD_REQUEST)
        if int(headers.get(b"content-length", b"0")) > self._limits.body_octets:
            self._stop(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if headers.get(b"expect", b"").lower() == b"100-continue":
            self._expected()

    def on_body(self, part: bytes) -> None:
        self.body += part
        if len(self.body) > self._limits.body_octets:
            self._stop(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def on_message_complete(self) -> None:
        if not self._upgrade:
            self._complete()
