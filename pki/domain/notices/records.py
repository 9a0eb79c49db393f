"""A notice, and what became of the message that carries it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pki.domain.identifiers import CardId, CardNumber, NoticeId, OrganisationId, Ura
from pki.domain.notices.addresses import EmailAddress


class NoticeKind(Enum):
    """What an organisation is told of."""

    EXPIRES_90 = "expires-90"
    EXPIRES_30 = "expires-30"
    EXPIRES_7 = "expires-7"
    UNLINKED = "unlinked"
    BLOCKED = "blocked"
    HELD = "held-too-long"
    REVOKED = "revoked"


class MailState(Enum):
    """Where the message with a notice is.

    ::

        WAITING ──▶ CLAIMED ──▶ HANDED_OVER ──▶ SENT | REFUSED
           │ ▲─────────┴──────────┘   │
           ▼  (try again later)       ▼ (nobody heard the mail server's answer)
        LAPSED                     UNKNOWN

    From HANDED_OVER on the mail server may have it, so nothing is sent again by itself unless the
    server said that it did not take it.
    """

    WAITING = "waiting"
    CLAIMED = "claimed"
    HANDED_OVER = "handed-over"
    SENT = "sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is told, to whomever: a kind, a card, and the moment that makes it this fact.

    ``at`` is notAfter, or when the card was blocked, revoked or lost its last link. ``until`` is
    how long there is any use in telling: of a card without an organisation, when it will end.
    """

    kind: NoticeKind
    card: CardId
    at: datetime
    until: datetime

    def notice_id(self, organisation: OrganisationId) -> NoticeId:
        """The same fact told to the same organisation has the same id, whoever finds it when."""
        parts = (self.kind.value, self.card.value, self.at.isoformat(), organisation.value)
        return NoticeId(hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32])


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One fact, told to one organisation. ``mail_at`` is since when the message is where it is.

    ``why``: what the mail server said last, as codes only; its words might name somebody.
    """

    id: NoticeId
    organisation: OrganisationId
    fact: Fact
    made_at: datetime
    mail: MailState
    mail_at: datetime
    tries: int = 0
    why: str | None = None
    acknowledged_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNotice:
    """A notice with what its reader needs to know of the card as it is now.

    ``managed``: an organisation is linked to it. ``state`` as `pki.domain.cards.state_name`.
    """

    notice: Notice
    card_number: CardNumber
    state: str
    managed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Where an organisation's notices go; ``feed_sha256`` digests its calendar's secret."""

    organisation: OrganisationId
    email: EmailAddress | None = None
    feed_sha256: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Notices of one organisation that go in one message; ``id`` names the claim and the message.

    ``id`` is 32 lower-case hexadecimal digits.
    """

    id: str
    organisation: str
    ura: Ura
    to: EmailAddress
    notices: tuple[ShownNotice, ...]
