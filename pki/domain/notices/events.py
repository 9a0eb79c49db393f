"""What the journal says of notices."""

from dataclasses import dataclass
from typing import ClassVar, Final

from pki.domain.events import Event
from pki.domain.identifiers import NoticeId, OrganisationId, Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChanged(Event):
    """An organisation's notices go to another address, or to none. The address is not told."""

    KIND: ClassVar[str] = "notice.contact_changed"
    organisation: OrganisationId
    ura: Ura
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesMailed(Event):
    """A message with ``notices`` notices came to an end: sent, refused or unknown.

    ``letter`` is its name in the table of notices, and in its Message-ID.
    """

    KIND: ClassVar[str] = "notice.mailed"
    letter: str
    ura: Ura
    notices: int
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeAcknowledged(Event):
    """An operator of the organisation has seen it."""

    KIND: ClassVar[str] = "notice.acknowledged"
    notice: NoticeId
    ura: Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSentAgain(Event):
    """Nobody knew whether it had arrived; a person let it wait again: it may arrive twice."""

    KIND: ClassVar[str] = "notice.sent_again"
    notice: NoticeId
    ura: Ura


NOTICE_EVENTS: Final[tuple[type[Event], ...]] = (
    ContactChanged,
    NoticesMailed,
    NoticeAcknowledged,
    NoticeSentAgain,
)
