"""Calling the API over TLS: sending, reading what comes back, and how that can fail."""

import ssl
from collections.abc import Callable
from typing import Final, Protocol, Self, TypeVar
from urllib.parse import urlsplit

import aiohttp
from pydantic import ValidationError

from pki.api.base import Problem, Wire
from pki.api.errors import ProblemAnswered, ServiceUnavailable, ServiceUnreachable
from pki.domain.errors import Malformed
from pki.domain.identifiers import IdempotencyKey

Answer = TypeVar("Answer", bound=Wire)
Read = TypeVar("Read")

ANSWER_LIMIT: Final = 256 * 1024
_RETRY_STATUSES: Final = frozenset({429, 503})


class Versioned(Protocol):
    """A view of something that changes."""

    @property
    def version(self) -> str:
        """Its name as it was then."""


class Transport:
    """Connections to one server. A client certificate in ``tls`` makes the caller an operator.

    ``login`` is the token of a log-in, under which every call is made that names no other;
    ``traceparent`` goes with each call (W3C Trace Context).
    """

    def __init__(
        self,
        base_url: str,
        *,
        tls: ssl.SSLContext | None = None,
        timeout_seconds: float = 30.0,
        login: str | None = None,
        traceparent: str | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self.audience = urlsplit(base_url).hostname or ""
        connector = aiohttp.TCPConnector(ssl=tls if tls is not None else True)
        headers = {} if login is None else bearer(login)
        if traceparent is not None:
            headers["traceparent"] = traceparent
        timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._http = aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _post(
        self, path: str, body: Wire, answer: type[Answer], headers: dict[str, str] | None = None
    ) -> Answer:
        return await self._call("POST", path, answer, body=body, headers=headers)

    async def _call(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        *,
        body: Wire | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        return await self._exchange(method, path, answer.from_json, body=body, headers=headers)

    async def _exchange(
        self,
        method: str,
        path: str,
        read: Callable[[bytes], Read],
        *,
        body: Wire | None = None,
        headers: dict[str, str] | None = None,
    ) -> Read:
        """As `_call`, of an answer that ``read`` reads; it raises ValidationError or Malformed."""
        sent = {"Content-Type": "application/json"} if body is not None else {}
        try:
            async with self._http.request(
                method,
                self._base_url + path,
                data=body.to_json() if body is not None else None,
                headers=sent | (headers or {}),
                allow_redirects=False,
            ) as response:
                content = await _content(response)
                status, retry_after = response.status, response.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable(
                f"the issuance API gave no answer ({type(error).__name__})"
            ) from error
        try:
            if status < 300:  # noqa: PLR2004 -- success class of RFC 9110 15
                return read(content)
            problem = Problem.from_json(content)
        except (ValidationError, Malformed) as error:
            raise _unreachable(
                f"the issuance API answered HTTP {status} in an unknown form"
            ) from error
        raise _problem_error(problem, status, retry_after)


async def _content(response: aiohttp.ClientResponse) -> bytes:
    """The body, or as much of it as may be: what is cut off does not parse."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(16 * 1024):
        content += chunk
        if len(content) > ANSWER_LIMIT:
            break
    return bytes(content)


def bearer(token: str) -> dict[str, str]:
    """The header of a session: a holder's, or a log-in's."""
    return {"Authorization": f"Bearer {token}"}


def under(key: IdempotencyKey | None) -> dict[str, str]:
    """The header of a change that can be sent again."""
    return {} if key is None else {"Idempotency-Key": key.value}


def of_seen(seen: Versioned | None) -> dict[str, str]:
    """The header of a change that is wanted only of what was seen."""
    return {} if seen is None else {"If-Match": f'"{seen.version}"'}


def _problem_error(
    problem: Problem, status: int, retry_after: str
) -> ProblemAnswered | ServiceUnavailable:
    if status in _RETRY_STATUSES:
        seconds = float(retry_after) if retry_after.isdecimal() else 1.0
        return ServiceUnavailable(
            message=problem.detail_en, problem=problem, retry_after=min(seconds, 60.0)
        )
    return ProblemAnswered(
        message=problem.detail_en, next_step=problem.next_step or "", problem=problem
    )


def _unreachable(message: str) -> ServiceUnreachable:
    return ServiceUnreachable(
        message=message, next_step="check the address and the network, then repeat the request"
    )
