"""Answers that one client each gets, made many in a turn.

One at a time, each would begin with cold caches of the processor and wake its client alone: that
costs as much as the signature. What is ready never waits for a turn, only for the one that runs.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from ocsp.signing.quick import QuickAnswers
from pki.ports import ReadyAnswer, Receiver

logger = logging.getLogger(__name__)

TURN: Final = 16
"""Most requests of one turn: with P-256 what is ready waits for no more signatures than these."""


class TurnsOfAnswers:
    """`pki.ports.LiveAnswers`: by a key that signs at once, or by one that many wait for.

    Every connection can have one request here, so their number bounds what waits.
    """

    def __init__(
        self, at_once: Callable[[bytes], ReadyAnswer | bytes | None], quick: QuickAnswers
    ) -> None:
        self._at_once = at_once
        self._quick = quick
        self._waiting: deque[tuple[bytes, Receiver]] = deque()
        self._began = 0.0

    def take(self, asked: bytes, receiver: Receiver) -> None:
        if not self._waiting:
            self._began = self._quick.measured()
            asyncio.get_running_loop().call_soon(self._turn)
        self._waiting.append((asked, receiver))

    def _turn(self) -> None:
        """Make all of a turn, then give all: connections are written to one after the other."""
        waiting = self._waiting
        began, turn = self._began, [waiting.popleft() for _ in range(min(len(waiting), TURN))]
        if waiting:
            self._began = self._quick.measured()
            asyncio.get_running_loop().call_soon(self._turn)
        made = [(receiver, self._made(asked, receiver)) for asked, receiver in turn]
        if any(octets for _, octets in made):
            self._quick.measured(began)
        for receiver, octets in made:
            if octets is not _LATER:
                receiver.give(octets)

    def _made(self, asked: bytes, receiver: Receiver) -> bytes | None:
        """Octets, None for the long way, or `_LATER`."""
        try:
            answer = self._at_once(asked)
            if answer is None:
                return _LATER if self._quick.queue(asked, receiver) else None
        except Exception:
            logger.exception("an answer at once failed; this is a defect of the server")
            return None
        return answer.octets if isinstance(answer, ReadyAnswer) else answer


_LATER: Final = b""
"""Stands for an answer that its receiver gets from the signer."""
