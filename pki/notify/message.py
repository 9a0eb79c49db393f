"""A message as octets: plain text, in a form that every mail server carries unchanged."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from pki.domain.notices.addresses import EmailAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who a message is from: an address, and the name beside it."""

    address: EmailAddress
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a message says; ``languages`` as RFC 3282 lists them."""

    subject: str
    text: str
    languages: str


def octets_of(
    content: Content, *, sender: Sender, to: EmailAddress, name: str, at: datetime
) -> bytes:
    """RFC 5322, ASCII only: text as quoted-printable UTF-8.

    ``name`` is the part of the Message-ID before the at sign: the same for the same message, so
    that a mailbox can tell. Auto-Submitted keeps vacation programs silent (RFC 3834 5).
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=sender.name, addr_spec=sender.address.value)
    message["To"] = to.value
    message["Subject"] = content.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{name}@{sender.address.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = content.languages
    message.set_content(content.text, charset="utf-8", cte="quoted-printable")
    return message.as_bytes()
