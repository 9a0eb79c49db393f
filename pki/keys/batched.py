"""A key in memory that signs in threads, what waits at one moment in one hand-over."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import SignatureBroken, SignerBusy, SignerUnavailable
from pki.keys.checked import CheckedSigner
from pki.keys.soft import SoftSigner

logger = logging.getLogger(__name__)

TURN: Final = 16
"""Most signatures of one hand-over: what comes in meanwhile waits for no more than these."""


@dataclass(slots=True)
class _Waiting:
    """``left``: whoever waited has gone."""

    message: bytes
    settle: Callable[[bytes | Exception], None]
    left: bool = False


class BatchSigner:
    """A bounded `pki.ports.QueueSigner` for RSA keys in memory; each signature is verified.

    Handing one signature to a thread and back costs a fifth of an RSA-2048 signature; here that is
    paid once for all that wait. At most ``queue_limit`` wait; ``timeout_seconds`` counts from the
    call of `sign`. To be used from one event loop.
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
        done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(message, partial(_settle, done))
        if not self._wait(waiting):
            raise SignerBusy(message="too many signatures are waiting", next_step="try again later")
        try:
            async with asyncio.timeout(self._timeout):
                return await done
        except TimeoutError:
            raise SignerBusy(
                message="a signature took longer than its time limit", next_step="try again later"
            ) from None
        finally:
            waiting.left = True

    def sign_soon(self, message: bytes, done: Callable[[bytes | None], None]) -> bool:
        return self._wait(_Waiting(message, partial(_tell, done)))

    def close(self) -> None:
        """Let the threads end; later calls raise SignerUnavailable."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _wait(self, waiting: _Waiting) -> bool:
        if len(self._waiting) >= self._limit:
            return False
        self._waiting.append(waiting)
        if self._idle and not self._called:
            # After whoever else is about to ask in this turn of the loop.
            self._called = True
            loop = asyncio.get_running_loop()
            loop.call_soon(self._hand_over, loop)
        return True

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        self._called = False
        while self._idle and self._waiting:
            share = -(-len(self._waiting) // self._count)
            turn = [self._waiting.popleft() for _ in range(min(share, TURN))]
            turn = [each for each in turn if not each.left]
            if not turn:
                continue
            try:
                self._threads.submit(self._sign, loop, turn)
            except RuntimeError:
                for each in turn:
                    each.settle(SignerUnavailable(message="the signer was closed"))
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
        self._hand_over(loop)
        for waiting, result in zip(turn, made, strict=True):
            waiting.settle(result)


def _settle(done: "asyncio.Future[bytes]", result: bytes | Exception) -> None:
    if done.done():
        return
    if isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)


def _tell(done: Callable[[bytes | None], None], result: bytes | Exception) -> None:
    if isinstance(result, Exception):
        logger.warning("no signature: %s", result)
        done(None)
    else:
        done(result)
