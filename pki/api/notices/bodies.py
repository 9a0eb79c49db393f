"""Bodies about notices: what an organisation is told of its cards, and where that goes."""

from typing import Annotated

from pydantic import Field

from pki.api.base import Wire
from pki.api.fields import CardIdText, CardNumberText, Moment, NoticeIdText, TextOf, UraText
from pki.domain.notices.addresses import LONGEST, EmailAddress
from pki.domain.notices.records import MailState, NoticeKind

EmailText = Annotated[
    EmailAddress,
    TextOf(
        EmailAddress,
        EmailAddress.parse,
        about=f"An e-mail address of at most {LONGEST} characters; its domain may be beyond ASCII.",
    ),
]
FeedSecret = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""Base64 (RFC 4648 5) of 32 octets, without padding."""


class ContactRequest(Wire):
    """PUT /v1/organisations/{ura}/contact; null: nothing is mailed."""

    email: EmailText | None


class ContactView(Wire):
    """Where an organisation's notices go. ``calendar``: it has one."""

    ura: UraText
    email: EmailText | None
    calendar: bool


class CalendarView(Wire):
    """POST /v1/organisations/{ura}/calendar. ``url`` is shown once; who has it reads notices."""

    ura: UraText
    url: str = Field(repr=False)


class TextView(Wire):
    """What is so, and what the reader can do."""

    fact: str
    advice: str


class NoticeView(Wire):
    """A notice; ``at`` is notAfter, or when the card was blocked, revoked or unlinked.

    ``until`` is how long it is of use; of an unlinked card, when it ends. ``mail`` is where the
    message with it is, ``mail_at`` since when, and ``why`` the mail server's codes.
    """

    notice_id: NoticeIdText
    kind: NoticeKind
    card_id: CardIdText
    card_number: CardNumberText
    at: Moment
    until: Moment
    made_at: Moment
    nl: TextView
    en: TextView
    mail: MailState
    mail_at: Moment
    why: str | None
    acknowledged_at: Moment | None


class NoticesView(Wire):
    """GET /v1/notices: newest first; ``next_cursor`` where there are more."""

    notices: list[NoticeView]
    next_cursor: NoticeIdText | None
