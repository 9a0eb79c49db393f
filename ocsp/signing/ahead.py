"""Answers that are asked for are made anew before their time, while nobody waits for them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from ocsp.answer import Question
from ocsp.moment import Moments
from ocsp.policy import ResponderPolicy
from ocsp.statistics import ResponderStatistics
from pki.ports import Gate, ReadyAnswer

PAUSE: Final = 0.25
"""Seconds between looks when nothing is due."""

BUSY: Final = 0.002
"""Seconds after which a turn of the event loop says that others wait."""

LONGEST_WAY_ASIDE: Final = 0.1

Make = Callable[[Question], Awaitable[object]]


class Ahead:
    """Remembers what is kept, in the order in which it comes of age.

    An answer that was given since it was made is made anew ``policy.ahead`` before it would have to
    be, at most a quarter of its life; others wait until they are asked for. Live requests go first:
    between two answers the loop gets its turn, and the longer that takes, the longer this waits.
    """

    def __init__(
        self,
        make: Make,
        policy: ResponderPolicy,
        moments: Moments,
        statistics: ResponderStatistics,
        *,
        gate: Gate,
    ) -> None:
        """``make`` makes an answer to a request anew, and keeps it; it raises nothing."""
        self._make = make
        self._ahead = min(policy.ahead, policy.validity.total_seconds() / 4)
        self._monotonic = moments.monotonic
        self._statistics = statistics
        self._gate = gate
        self._kept: deque[tuple[ReadyAnswer, Question]] = deque(maxlen=policy.cache_entries)

    def note(self, ready: ReadyAnswer, question: Question) -> None:
        """This answer is kept from now on."""
        if self._ahead > 0:
            self._kept.append((ready, question._replace(waits=False)))

    async def run(self) -> None:
        """Go on for ever."""
        while True:
            pause = PAUSE
            if await self.once():
                pause = await self._rest()
            await asyncio.sleep(pause)

    async def once(self) -> bool:
        """Look at what comes of age next; whether there was something to be done or passed over."""
        now = self._monotonic()
        if not self._kept or now >= self._gate.until or self._kept[0][0].until - self._ahead > now:
            return False
        ready, question = self._kept.popleft()
        if ready.used and ready.until > now:
            self._statistics.ahead += 1
            await self._make(question)
        return True

    async def _rest(self) -> float:
        """How long to step aside, by how long the others need now."""
        began = self._monotonic()
        await asyncio.sleep(0)
        waited = self._monotonic() - began
        return min(4 * waited, LONGEST_WAY_ASIDE) if waited > BUSY else 0.0
