"""What is answered before there is a request: to what is no HTTP, and to TLS that fails."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, cast

from aiohttp import web

from issuance.http.entrance import Entrance
from issuance.http.middleware import HEADERS, new_request_id
from issuance.http.problems import answer_to_http, problem_response
from pki.ports import Entropy

ENTROPY: Final = web.AppKey[Entropy]("ENTROPY")
"""Where an application keeps its source of request ids."""

SEND_SECONDS = 30.0
"""How long a client may take to receive an answer."""

_log: Final = logging.getLogger(__name__)
_Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_WAITING: Final = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class WatchedTls(ssl.SSLObject):
    """TLS that says in the log why a handshake failed, and not whose certificate it was."""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except _WAITING:
            raise
        except ssl.SSLCertVerificationError as error:
            _say(error, error.verify_message)
            raise
        except ssl.SSLError as error:
            _say(error)
            raise


def _say(error: ssl.SSLError, certificate: str | None = None) -> None:
    why = error.reason or type(error).__name__
    _log.warning("TLS handshake failed", extra={"why": why, "client_certificate": certificate})


class _Connection(web.RequestHandler):
    """One connection; what its HTTP parser refuses becomes a problem document."""

    __slots__ = ("entropy", "leave", "named")
    entropy: Entropy
    leave: Callable[[], None]
    named: str | None

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self.leave()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send it, to a client that takes it.

        Raises:
            ConnectionError: it does not.
        """
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await super().finish_response(request, resp, start_time)
        except TimeoutError:
            if self.transport is not None:
                self.transport.abort()
            raise ConnectionError("the client does not take its answer") from None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        del message
        if request.writer.output_size > 0:
            raise ConnectionError("a part of an answer was sent already")
        why = type(exc).__name__ if exc is not None else "-"
        response = _refusal(self.entropy, status, why)
        response.force_close()
        return response


class _Server(web.Server):
    """Makes those connections."""

    entropy: Entropy

    def guest(self, leave: Callable[[], None], named: str | None) -> _Connection:
        """One connection, which calls ``leave`` when it is over.

        ``named``: the address that a proxy speaks for; its requests are from there.
        """
        made = _Connection(self, loop=self._loop, **self._kwargs)
        made.entropy = self.entropy
        made.leave = leave
        made.named = named
        return made


class ProblemRunner(web.AppRunner):
    """Runs an application; everything that it refuses is a problem document with a request id."""

    async def _make_server(self) -> web.Server:
        made, entropy = await super()._make_server(), self.app[ENTROPY]
        handler = _guarded(made.request_handler, entropy)
        factory = _from_whom(made.request_factory)
        server = _Server(handler, request_factory=factory, **self._kwargs)
        server.entropy = entropy
        return server

    @asynccontextmanager
    async def open(
        self, entrance: Entrance, sockets: Sequence[socket.socket], tls: ssl.SSLContext | None
    ) -> AsyncIterator[None]:
        """Serve whom ``entrance`` lets in while the block lasts."""
        await self.setup()
        try:
            async with entrance.open(sockets, cast("_Server", self.server).guest, tls):
                yield
        finally:
            await self.cleanup()


def _from_whom(make: Callable[..., web.BaseRequest]) -> Callable[..., web.BaseRequest]:
    """Requests are from the address that a proxy named, if one did."""

    def factory(
        message: object, payload: object, protocol: _Connection, *others: object
    ) -> web.BaseRequest:
        request = make(message, payload, protocol, *others)
        return request if protocol.named is None else request.clone(remote=protocol.named)

    return factory


def _guarded(handler: _Handler, entropy: Entropy) -> _Handler:
    """Also what is raised outside the middleware, such as an expectation that cannot be met."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _refusal(entropy, error.status, type(error).__name__)

    return handle


def _refusal(entropy: Entropy, status: int, why: str) -> web.Response:
    request_id = new_request_id(entropy)
    response = problem_response(answer_to_http(status), request_id)
    response.headers.update(HEADERS)
    response.headers["X-Request-Id"] = request_id
    _log.info(
        "request refused unread", extra={"request_id": request_id, "status": status, "why": why}
    )
    return response
