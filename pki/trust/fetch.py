"""Plain HTTP to the UZI register's status services: bounded in time and size, without redirects."""

import re
from typing import Final, Protocol

import aiohttp

from pki.domain.errors import PassStatusUnavailable

_CHUNK: Final = 64 * 1024
# Narrow on purpose, so that every parser of URLs sees the same host in what matches.
_URL: Final = re.compile(
    r"http://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/[A-Za-z0-9._~!$&'()*+,;=:%/?-]*)?",
    re.ASCII,
)


class StatusHttp(Protocol):
    """Fetches one resource as a whole."""

    async def get(self, url: str, limit: int) -> bytes:
        """The body of a 200 answer to GET.

        Raises:
            PassStatusUnavailable: no such answer in time, or one of more than ``limit`` octets.
        """
        ...

    async def post(self, url: str, body: bytes, content_type: str, limit: int) -> bytes:
        """The body of a 200 answer to POST; otherwise as `get`."""
        ...


def is_allowed(url: str, hosts: frozenset[str]) -> bool:
    """Whether ``url`` is plain HTTP to one of ``hosts``: ``host`` (any port) or ``host:port``.

    Certificates name these addresses, so nothing but this list keeps them from naming a neighbour.
    """
    match = _URL.fullmatch(url)
    if match is None:
        return False
    host, port = match["host"].lower(), match["port"] or "80"
    return host in hosts or f"{host}:{port}" in hosts


class AiohttpStatusHttp:
    """`StatusHttp` over aiohttp. ``timeout_seconds`` bounds each fetch from name look-up to end."""

    __slots__ = ("_timeout",)

    def __init__(self, *, timeout_seconds: float) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    async def get(self, url: str, limit: int) -> bytes:
        return await self._fetch("GET", url, limit)

    async def post(self, url: str, body: bytes, content_type: str, limit: int) -> bytes:
        return await self._fetch("POST", url, limit, body, content_type)

    async def _fetch(
        self, method: str, url: str, limit: int, body: bytes | None = None, content_type: str = ""
    ) -> bytes:
        headers = {"Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            # Never decompressed: a small answer could unfold into a large one.
            async with (
                aiohttp.ClientSession(timeout=self._timeout, auto_decompress=False) as session,
                session.request(
                    method, url, data=body, headers=headers, allow_redirects=False
                ) as answer,
            ):
                if answer.status != 200:  # noqa: PLR2004 -- the one good HTTP status
                    raise PassStatusUnavailable(message=f"HTTP status {answer.status}")
                return await _read(answer, limit)
        except TimeoutError:
            raise PassStatusUnavailable(message="no answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise PassStatusUnavailable(
                message=f"cannot be fetched: {type(error).__name__}"
            ) from None


async def _read(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    if (answer.content_length or 0) > limit:
        raise PassStatusUnavailable(message="the answer is too large")
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise PassStatusUnavailable(message="the answer is too large")
    return bytes(body)
