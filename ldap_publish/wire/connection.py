"""One connection to an LDAP server, with as many operations under way as callers like."""

import asyncio
from dataclasses import dataclass, field
from typing import Final, cast

from ldap_publish.wire.ber import SEQUENCE, BadMessage, header
from ldap_publish.wire.messages import Found, LdapResult, Response, message, read_response

_LONGEST: Final = 256 * 1024**2
"""No server has a reason to send more octets in one message: a CRL of a million takes 46 MB."""

_LOOKS_PER_LIMIT: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds: how long the server may be silent while it owes an answer, and owe one at all."""

    silence: float
    operation: float


@dataclass(slots=True, kw_only=True)
class _Pending:
    answer: "asyncio.Future[LdapResult]"
    since: float
    found: list[Found] = field(default_factory=list)


class LdapWire(asyncio.Protocol):
    """Sends requests and hands each its own answer; after any error it is of no further use."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._outgoing: list[bytes] = []
        self._buffer = bytearray()
        self._pending: dict[int, _Pending] = {}
        self._last = 0
        self._active = 0.0
        self._unsent = 0
        self._watch: asyncio.TimerHandle | None = None

    @property
    def usable(self) -> bool:
        """Whether requests can be sent."""
        return self._transport is not None

    async def ask(self, operation: bytes, control: bytes = b"") -> tuple[LdapResult, list[Found]]:
        """Send it, with one control or none, and wait for its end.

        Raises:
            ConnectionError: the connection ended, or the server was silent for too long.
        """
        if self._transport is None:
            raise ConnectionError("the connection is closed")
        self._last += 1
        number, now = self._last, self._loop.time()
        if not self._pending:
            self._active = now
        pending = _Pending(answer=self._loop.create_future(), since=now)
        self._pending[number] = pending
        if not self._outgoing:
            self._loop.call_soon(self._send)
        self._outgoing.append(message(number, operation, control))
        try:
            return await pending.answer, pending.found
        finally:
            self._pending.pop(number, None)

    def abort(self, why: str = "closed") -> None:
        """End it at once; whoever waits gets a ConnectionError."""
        transport, self._transport = self._transport, None
        if self._watch is not None:
            self._watch.cancel()
        for each in self._pending.values():
            if not each.answer.done():
                each.answer.set_exception(ConnectionError(why))
        self._pending.clear()
        self._outgoing.clear()
        if transport is not None:
            transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio asks."""
        self._transport = cast("asyncio.Transport", transport)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """As asyncio asks."""
        self.abort("the directory ended the connection" if exc is None else type(exc).__name__)

    def data_received(self, data: bytes) -> None:
        """As asyncio asks."""
        self._active = self._loop.time()
        self._buffer += data
        try:
            self._take()
        except BadMessage as error:
            self.abort(f"the directory does not speak LDAP: {error}")

    def _send(self) -> None:
        """What was asked for in this turn, at once: to send costs more than to write it."""
        if self._transport is not None and self._outgoing:
            self._transport.write(b"".join(self._outgoing))
        self._outgoing.clear()

    def _take(self) -> None:
        start = 0
        while (found := header(self._buffer, start)) is not None:
            begin, end = found
            if self._buffer[start] != SEQUENCE or end - begin > _LONGEST:
                raise BadMessage("no message begins so")
            if end > len(self._buffer):
                break
            self._hand_out(*read_response(bytes(self._buffer[begin:end])))
            start = end
        del self._buffer[:start]

    def _hand_out(self, number: int, response: Response) -> None:
        pending = self._pending.get(number)
        if pending is None:
            if number == 0:  # RFC 4511 4.4.1: the notice of disconnection
                self.abort("the directory ends the connection")
            return
        if isinstance(response, Found):
            pending.found.append(response)
        elif isinstance(response, LdapResult) and not pending.answer.done():
            pending.answer.set_result(response)

    def _look(self) -> None:
        """One timer for the connection: a time limit for each operation would cost more than it."""
        transport = self._transport
        if transport is None:
            return
        now, unsent = self._loop.time(), transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._active, self._unsent = now, unsent
        oldest = next(iter(self._pending.values()), None)
        if oldest is not None and (
            now - self._active > self._limits.silence or now - oldest.since > self._limits.operation
        ):
            self.abort("the directory did not answer in time")
            return
        delay = min(self._limits.silence, self._limits.operation) / _LOOKS_PER_LIMIT
        self._watch = self._loop.call_later(delay, self._look)
