"""Finding what is to be told: from the journal as it grows, and from time as it passes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from issuance.notices.ports import NoticeChange, NoticeReader, NoticeSnapshot, NoticeStore
from issuance.notices.rules import AHEAD, expiry_fact, fact_of, held_fact, notice_to
from pki.domain.journal import JournalEntry
from pki.domain.notices.records import Fact, Notice
from pki.ports import Clock

CURSOR: Final = "notices"
_AT_ONCE: Final = 200
"""Facts in one transaction: other changes wait for a little of it at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Makes notices. ``longest_hold``: how long a card may be blocked before that is told."""

    store: NoticeStore
    reader: NoticeReader
    clock: Clock
    longest_hold: timedelta | None = None

    async def position(self) -> int:
        """Up to where the journal was read before.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        return await self.reader.read(lambda snapshot: snapshot.cursor(CURSOR))

    async def take_up(self, entries: Sequence[JournalEntry]) -> int:
        """Make what these entries give to tell, and remember that they were read; how many.

        Both in the same transactions: what was read is told, whatever breaks down.

        Raises:
            StoreUnavailable: read them again.
        """
        made = 0
        for start in range(0, len(entries), _AT_ONCE):
            some = entries[start : start + _AT_ONCE]

            def work(session: NoticeChange, some: Sequence[JournalEntry] = some) -> int:
                found = [fact for entry in some if (fact := fact_of(entry)) is not None]
                session.set_cursor(CURSOR, some[-1].position)
                return session.put_notices(list(_notices(session, found, None)))

            made += await self.store.write(work)
        return made

    async def look(self) -> int:
        """Make what has become due by time; how many.

        Raises:
            StoreUnavailable: look again later.
        """
        now = self.clock.now()
        facts = await self.reader.read(lambda snapshot: list(self._due(snapshot, now)))
        made = 0
        for start in range(0, len(facts), _AT_ONCE):
            some = facts[start : start + _AT_ONCE]

            def work(session: NoticeChange, some: Sequence[Fact] = some) -> int:
                return session.put_notices(list(_notices(session, some, now)))

            made += await self.store.write(work)
        return made

    def _due(self, snapshot: NoticeSnapshot, now: datetime) -> Iterator[Fact]:
        for kind, ahead, later in AHEAD:
            for card, not_after in snapshot.cards_to_expire(kind, now + later, now + ahead):
                yield expiry_fact(kind, card, not_after)
        if self.longest_hold is not None:
            for card, at in snapshot.cards_held_untold(now - self.longest_hold):
                yield held_fact(card, at, self.longest_hold)


def _notices(session: NoticeChange, facts: Sequence[Fact], at: datetime | None) -> Iterator[Notice]:
    """Each fact to the organisations that manage the card ``at`` a time; None: the fact's own."""
    linked = session.linked_at([(fact.card, at or fact.at) for fact in facts])
    for fact in facts:
        for organisation in linked[fact.card, at or fact.at]:
            yield notice_to(organisation, fact, session.now)
