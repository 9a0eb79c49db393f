"""Around every request: an id, one log line without personal data, errors as problem documents."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from issuance.http.problems import answer_to, answer_to_http, problem_response
from pki.domain.errors import Unavailable, ZorgidError
from pki.ports import Entropy

_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_ID_OCTETS: Final = 8
_SERVER_ERROR: Final = 500
ANSWER_SECONDS: Final = 25.0
"""Whatever a request waits for, it is answered by then: sooner than our client gives up."""

HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Server": "zorgid",
}


def new_request_id(entropy: Entropy) -> str:
    """What the answer, the problem document and the log call this request."""
    return entropy.octets(_ID_OCTETS).hex()


Bound = Callable[[str, str | None], AbstractContextManager[None]]
"""Puts a request's id on every line that is logged inside, and its caller's trace, if he has one
(the header traceparent, as it was sent)."""


def unbound(_request_id: str, _traceparent: str | None) -> AbstractContextManager[None]:
    """Puts it nowhere."""
    return nullcontext()


def around_requests(entropy: Entropy, bound: Bound = unbound) -> Middleware:
    """The one middleware of the API."""

    @web.middleware
    async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:
        request_id = new_request_id(entropy)
        began = time.monotonic()
        with bound(request_id, request.headers.get("traceparent")):
            response = await _answered(request, handler, request_id)
            _say_answered(request, response, request_id, time.monotonic() - began)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["X-Request-Id"] = request_id
        return response

    return handle


def _say_answered(
    request: web.Request, response: web.StreamResponse, request_id: str, took: float
) -> None:
    _log.log(
        logging.ERROR if response.status >= _SERVER_ERROR else logging.INFO,
        "request answered",
        extra={
            "request_id": request_id,
            "method": request.method,
            "route": _route(request),
            "status": response.status,
            "milliseconds": round(took * 1000, 1),
        },
    )


async def _answered(request: web.Request, handler: Handler, request_id: str) -> web.StreamResponse:
    try:
        return await _in_time(request, handler)
    except ZorgidError as error:
        answer = answer_to(error)
        level = logging.ERROR if answer.status >= _SERVER_ERROR else logging.INFO
        _log.log(
            level,
            "request failed",
            extra={"request_id": request_id, "code": error.code, "why": error.message},
        )
        return problem_response(answer, request_id)
    except web.HTTPException as error:
        response = problem_response(answer_to_http(error.status), request_id)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except Exception:  # noqa: BLE001 -- a defect of ours: the log gets the stack, the caller nothing
        _log.exception("request broke", extra={"request_id": request_id})
        return problem_response(answer_to(ZorgidError(message="unexpected failure")), request_id)


async def _in_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The answer, within `ANSWER_SECONDS`.

    Raises:
        Unavailable: there is none yet, and what was asked may still be done.
    """
    limit = asyncio.timeout(ANSWER_SECONDS)
    try:
        async with limit:
            return await handler(request)
    except TimeoutError:
        if not limit.expired():
            raise
        raise Unavailable(
            message=f"no answer within {ANSWER_SECONDS:.0f} s",
            next_step="repeat the request under the same key: it is done once",
        ) from None


def _route(request: web.Request) -> str:
    """The route's template: a path or query as sent may hold a UZI number."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "-"
