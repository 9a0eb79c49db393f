"""Bounded HTTP for observers."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

from pki.domain.errors import Unavailable

_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``seconds`` for one exchange as a whole; ``octets`` for the body of the answer."""

    seconds: float = 10.0
    octets: int = 64 * 1024 * 1024


async def fetch(
    session: aiohttp.ClientSession,
    url: str,
    limits: Limits,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The body of a 200 answer: to a GET, or with ``body`` to a POST. Redirects are not followed.

    Raises:
        Unavailable: no answer in time, another status, or a body beyond the limit.
    """
    method = "GET" if body is None else "POST"
    try:
        async with (
            asyncio.timeout(limits.seconds),
            session.request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as answer,
        ):
            if answer.status != _OK:
                raise _unavailable(url, f"answers HTTP {answer.status}")
            return await _bounded(answer, url, limits.octets)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise _unavailable(url, f"cannot be read: {_why(error)}") from error


async def _bounded(answer: aiohttp.ClientResponse, url: str, limit: int) -> bytes:
    received = bytearray()
    async for chunk in answer.content.iter_any():
        received += chunk
        if len(received) > limit:
            raise _unavailable(url, f"sends more than {limit} octets")
    return bytes(received)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return type(error).__name__


def _unavailable(url: str, why: str) -> Unavailable:
    return Unavailable(message=f"{url} {why}", next_step="check that the status service runs")
