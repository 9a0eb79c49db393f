"""Sending what waits, each notice at most once.

A message is taken out first, and marked as handed over right before its first octet: who dies
before that mark loses nothing, who dies after it leaves an outcome that nobody knows. Such a
message is never sent again by itself; it is shown as unknown.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from issuance.notices.ports import Carrier, NoticeChange, NoticeReader, NoticeStore
from issuance.notices.rules import LEASE, LONGEST_WAIT, wait_after
from pki.domain.identifiers import Ura
from pki.domain.notices.events import NoticesMailed
from pki.domain.notices.mail import Handed, Taken
from pki.domain.notices.records import Letter, MailState
from pki.domain.people import SYSTEM
from pki.ports import Clock, Entropy

MOST: Final = 100
"""Notices in one message."""

_ID_OCTETS: Final = 16
_log: Final = logging.getLogger(__name__)

_OUTCOMES: Final = {
    Taken.ACCEPTED: MailState.SENT,
    Taken.REFUSED: MailState.REFUSED,
    Taken.UNCLEAR: MailState.UNKNOWN,
}
"""What is final; anything else is tried again."""

Count = Callable[[str], None]
"""Is told what became of each message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Sends; several may do so beside each other, in one process or on several computers."""

    store: NoticeStore
    reader: NoticeReader
    carrier: Carrier
    clock: Clock
    entropy: Entropy
    count: Count

    async def round(self, stopping: Callable[[], bool] = lambda: False) -> int:
        """Send all that is due, unless stopping begins; how many messages a server took.

        Raises:
            StoreUnavailable: what was under way shows as it was left.
        """
        await self._tidy()
        sent = 0
        while not stopping() and (letter := await self._claim()) is not None:
            handed = await self.carrier.carry(letter, partial(self._go, letter))
            await self._keep(letter, handed)
            sent += handed.taken is Taken.ACCEPTED
            if handed.taken is Taken.AWAY:
                break
        return sent

    async def waiting_seconds(self) -> float:
        """How long the oldest notice has waited that has an address and is of use; else 0.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        now = self.clock.now()
        since = await self.reader.read(lambda snapshot: snapshot.mail_waiting_since(now))
        return 0.0 if since is None else max(0.0, (now - since).total_seconds())

    async def _tidy(self) -> None:
        """Give up what is of no use any more, and take care of what somebody left half done."""
        now = self.clock.now()

        def work(session: NoticeChange) -> int:
            session.lapse(now)
            lost = session.lost_letters(now, LEASE)
            for letter, state, ura in lost:
                if state is MailState.CLAIMED:
                    session.put_back(letter, now, now, "left half done")
                else:
                    self._end(session, letter, ura, MailState.UNKNOWN, "left half done")
            return sum(state is MailState.HANDED_OVER for _, state, _ in lost)

        for _ in range(await self.store.write(work)):
            self.count(Taken.UNCLEAR.value)
            _log.warning("what became of a message with notices is not known")

    async def _claim(self) -> Letter | None:
        name = self.entropy.octets(_ID_OCTETS).hex()
        now = self.clock.now()
        return await self.store.write(
            lambda session: session.claim_letter(name, now, most=MOST, longest_wait=LONGEST_WAIT)
        )

    async def _go(self, letter: Letter) -> bool:
        now = self.clock.now()
        return await self.store.write(lambda session: session.hand_over(letter.id, now))

    async def _keep(self, letter: Letter, handed: Handed) -> None:
        outcome = _OUTCOMES.get(handed.taken)
        if outcome is None:
            await self._put_back(letter, handed.why)
        else:
            await self.store.write(
                lambda session: self._end(session, letter.id, letter.ura, outcome, handed.why)
            )
        self.count(handed.taken.value)
        _log.log(
            logging.INFO if outcome is MailState.SENT else logging.WARNING,
            "a message with notices was brought to the mail server",
            extra={
                "letter": letter.id,
                "notices": len(letter.notices),
                "outcome": handed.taken.value,
                "why": handed.why,
            },
        )

    async def _put_back(self, letter: Letter, why: str) -> None:
        now = self.clock.now()
        later = now + wait_after(min(each.notice.tries for each in letter.notices))
        await self.store.write(lambda session: session.put_back(letter.id, now, later, why))

    def _end(
        self, session: NoticeChange, letter: str, ura: Ura, outcome: MailState, why: str
    ) -> None:
        number = session.settle(letter, outcome, self.clock.now(), why or None)
        if number:
            event = NoticesMailed(letter=letter, ura=ura, notices=number, outcome=outcome.value)
            session.record(event, SYSTEM)
