"""A key in memory that signs in threads, what waits at one moment in one hand-over."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import SignatureBroken, SignerBusy, SignerUnavailable
from pki.keys.checked import CheckedSigner
from pki.keys.soft import SoftSigner

TURN: Final = 16
"""Most signatures of one hand-over: what comes in meanwhile waits for no more than these."""


@dataclass(slots=True)
class _Waiting:
    message: bytes
    done: "asyncio.Future[bytes]" = field(repr=False)


class BatchSigner:
    """A bounded `pki.ports.Signer` for RSA keys in memory; each signature is verified.

    Handing one signature to a thread and back costs a fifth of an RSA-2048 signature; here that is
    paid once for all that wait. At most ``queue_limit`` wait; ``timeout_seconds`` counts from the
    call. To be used from one event loop.
    """

    def __init__(
        self, signer: SoftSigner, *, threads: int, queue_limit: int, timeout_seconds: float
    ) -> None:
        if threads < 1 or queue_limit < 1 or timeout_seconds <= 0:
            raise ValueError("a batch signer needs threads, a queue and a time limit")
        self._signer = signer
        self._checked = CheckedSigner(signer)
        self._threads = ThreadPoolExecutor(threads, "sign")
        self._idle = threads
        self._count = threads
        self._limit = queue_limit
        self._timeout = timeout_seconds
        self._waiting: deque[_Waiting] = deque()
        self._called = False

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self._signer.algorithm

    @property
    def public_key(self) -> bytes:
        return self._signer.public_key

    async def sign(self, message: bytes) -> bytes:
        if len(self._waiting) >= self._limit:
            raise SignerBusy(message="too many signatures are waiting", next_step="try again later")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(message, loop.create_future())
        self._waiting.append(waiting)
        if self._idle and not self._called:
            # After whoever else is about to ask in this turn of the loop.
            self._called = True
            loop.call_soon(self._hand_over, loop)
        try:
            async with asyncio.timeout(self._timeout):
                return await waiting.done
        except TimeoutError:
            raise SignerBusy(
                message="a signature took longer than its time limit", next_step="try again later"
            ) from None

    def close(self) -> None:
        """Let the threads end; later calls raise SignerUnavailable."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        self._called = False
        while self._idle and self._waiting:
            share = -(-len(self._waiting) // self._count)
            turn = [self._waiting.popleft() for _ in range(min(share, TURN))]
            turn = [each for each in turn if not each.done.done()]
            if not turn:
                continue
            try:
                self._threads.submit(self._sign, loop, turn)
            except RuntimeError:
                _settle(turn, [SignerUnavailable(message="the signer was closed")] * len(turn))
            else:
                self._idle -= 1

    def _sign(self, loop: asyncio.AbstractEventLoop, turn: Sequence[_Waiting]) -> None:
        """In a thread; its loop may have ended by the time it is done."""
        made = [self._one(each.message) for each in turn]
        try:
            loop.call_soon_threadsafe(self._take_back, loop, turn, made)
        except RuntimeError:
            return

    def _one(self, message: bytes) -> bytes | Exception:
        try:
            signature = self._signer.sign_now(message)
            self._checked.verify(message, signature)
        except SignatureBroken as error:
            return error
        except Exception as error:  # noqa: BLE001 -- one that fails must not leave the others waiting
            return SignerUnavailable(message=f"the key could not sign: {type(error).__name__}")
        return signature

    def _take_back(
        self,
        loop: asyncio.AbstractEventLoop,
        turn: Sequence[_Waiting],
        made: Sequence[bytes | Exception],
    ) -> None:
        self._idle += 1
        _settle(turn, made)
        self._hand_over(loop)


def _settle(turn: Sequence[_Waiting], made: Sequence[bytes | Exception]) -> None:
    for waiting, result in zip(turn, made, strict=True):
        if waiting.done.done():
            continue
        if isinstance(result, Exception):
            waiting.done.set_exception(result)
        else:
            waiting.done.set_result(result)
