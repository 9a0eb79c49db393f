"""Bounds on a signer: how many at once, how many wait, how long it may take."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import SignerBusy
from pki.ports import Signer, sign_pieces

_LOG = logging.getLogger(__name__)


class PooledSigner:
    """A `Signer` around another one that says SignerBusy instead of piling up work.

    At most ``concurrency`` signatures run and ``queue_limit`` wait; ``timeout_seconds`` counts
    from the call, waiting included. What the inner signer still does after a time-out is dropped,
    never released.
    """

    __slots__ = ("_inner", "_limit", "_pending", "_running", "_timeout")

    def __init__(
        self, inner: Signer, *, concurrency: int, queue_limit: int, timeout_seconds: float
    ) -> None:
        if concurrency < 1 or queue_limit < 0 or timeout_seconds <= 0:
            raise ValueError("a pool needs concurrency >= 1, queue_limit >= 0 and a time limit")
        self._inner = inner
        self._limit = concurrency + queue_limit
        self._pending = 0
        self._running = asyncio.Semaphore(concurrency)
        self._timeout = timeout_seconds

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self._inner.algorithm

    @property
    def public_key(self) -> bytes:
        return self._inner.public_key

    @property
    def pending(self) -> int:
        """How many calls run or wait now."""
        return self._pending

    async def sign(self, message: bytes) -> bytes:
        return await self._bounded(partial(self._inner.sign, message))

    async def sign_pieces(self, pieces: Sequence[bytes]) -> bytes:
        return await self._bounded(partial(sign_pieces, self._inner, pieces))

    async def _bounded(self, sign: Callable[[], Awaitable[bytes]]) -> bytes:
        if self._pending >= self._limit:
            raise SignerBusy(message="too many signatures are waiting", next_step="try again later")
        self._pending += 1
        try:
            async with asyncio.timeout(self._timeout), self._running:
                return await sign()
        except TimeoutError:
            _LOG.warning("a signature took longer than its time limit")
            raise SignerBusy(
                message="a signature took longer than its time limit", next_step="try again later"
            ) from None
        finally:
            self._pending -= 1
