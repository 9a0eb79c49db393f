"""What is told when, for how long that is of use, and how long to wait before another try."""

from datetime import datetime, timedelta
from typing import Final

from pki.domain.events import CardBlocked, CardRevoked
from pki.domain.identifiers import CardId, OrganisationId
from pki.domain.journal import JournalEntry
from pki.domain.linking.events import CardUnlinked
from pki.domain.notices.records import Fact, MailState, Notice, NoticeKind

NEWS: Final = timedelta(days=14)
"""How long it is of use to be told that a card was blocked or revoked."""

HELD_NEWS: Final = timedelta(days=30)

AHEAD: Final[tuple[tuple[NoticeKind, timedelta, timedelta], ...]] = (
    (NoticeKind.EXPIRES_7, timedelta(days=7), timedelta()),
    (NoticeKind.EXPIRES_30, timedelta(days=30), timedelta(days=7)),
    (NoticeKind.EXPIRES_90, timedelta(days=90), timedelta(days=30)),
)
"""Kind; from how long before notAfter it is told; from when on the next kind says it better."""

LEASE: Final = timedelta(minutes=10)
"""A message that was taken out longer ago than this has lost whoever took it."""

LONGEST_WAIT: Final = timedelta(hours=4)
_WAITS: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
)


def fact_of(entry: JournalEntry) -> Fact | None:
    """What a journal entry gives to tell."""
    match entry.event:
        case CardBlocked(card=card):
            return _news(NoticeKind.BLOCKED, card, entry.at)
        case CardRevoked(card=card):
            return _news(NoticeKind.REVOKED, card, entry.at)
        case CardUnlinked(card=card, ends_at=ends_at) if ends_at is not None:
            return Fact(kind=NoticeKind.UNLINKED, card=card, at=entry.at, until=ends_at)
        case _:
            return None


def expiry_fact(kind: NoticeKind, card: CardId, not_after: datetime) -> Fact:
    """That a card expires; ``kind`` is one of `AHEAD`."""
    better = next(later for each, _, later in AHEAD if each is kind)
    return Fact(kind=kind, card=card, at=not_after, until=not_after - better)


def held_fact(card: CardId, blocked_at: datetime, longest: timedelta) -> Fact:
    """That a card is blocked for longer than ``longest``."""
    until = blocked_at + longest + HELD_NEWS
    return Fact(kind=NoticeKind.HELD, card=card, at=blocked_at, until=until)


def notice_to(organisation: OrganisationId, fact: Fact, now: datetime) -> Notice:
    """The fact, told to this organisation."""
    return Notice(
        id=fact.notice_id(organisation),
        organisation=organisation,
        fact=fact,
        made_at=now,
        mail=MailState.WAITING,
        mail_at=now,
    )


def wait_after(tries: int) -> timedelta:
    """How long to wait when ``tries`` came to nothing before this one."""
    return _WAITS[tries] if tries < len(_WAITS) else LONGEST_WAIT


def _news(kind: NoticeKind, card: CardId, at: datetime) -> Fact:
    return Fact(kind=kind, card=card, at=at, until=at + NEWS)
