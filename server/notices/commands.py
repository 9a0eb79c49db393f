"""`zorgid notices list` and `test-mail`."""

import asyncio
from pathlib import Path
from typing import Any, Final

from issuance.notices.texts import in_english
from pki.domain.errors import ConfigurationInvalid, NotFound, Unavailable
from pki.domain.event_codec import encode_time
from pki.domain.identifiers import Ura
from pki.domain.notices.addresses import EmailAddress
from pki.domain.notices.mail import Taken
from pki.domain.notices.records import MailState, ShownNotice
from pki.notify.message import Content, octets_of
from pki.notify.smtp import Envelope, SmtpMailer
from pki.ports import SystemClock, SystemEntropy
from pki.store.reading import ReadSession, ReadStore
from server.notices.carrying import LANGUAGES, mail_server, sender_of
from server.report import Report, progress
from server.setting.notices import SmtpSettings
from server.settings import load

_ID_OCTETS: Final = 16
_TEST: Final = Content(
    subject="ZORG-ID: proefbericht / test message",
    text=(
        "Dit is een proefbericht van een ZORG-ID Token CA. U hoeft niets te doen.\n\n"
        "This is a test message of a ZORG-ID Token CA. There is nothing you need to do.\n"
    ),
    languages=LANGUAGES,
)


def list_notices(config: Path, ura: str | None, *, limit: int, unknown: bool = False) -> Report:
    """The newest notices, of one organisation or of all, and how many are where.

    ``unknown``: only those of which nobody knows whether their message arrived, with their ids.

    Raises:
        Malformed: not a URA.
        NotFound: there is no such organisation.
        StoreUnavailable: the store cannot be read.
    """
    settings = load(config)
    wanted = None if ura is None else Ura(ura)

    def query(session: ReadSession) -> tuple[list[ShownNotice], dict[str, int]]:
        of = None if wanted is None else session.organisation_by_ura(wanted)
        if wanted is not None and of is None:
            raise NotFound(what="organisation", message=f"no organisation {wanted}")
        whose = None if of is None else of.id
        if unknown:
            found = session.notices_in(MailState.UNKNOWN, whose, limit)
        else:
            found = session.notices_of(whose, None, limit)
        counts = {state.value: count for state, count in session.mail_counts().items()}
        return list(found), dict(sorted(counts.items()))

    store = ReadStore.open(settings.store.url, threads=1)
    try:
        found, counts = store.read_sync(query)
    finally:
        store.close_sync()
    heading = f"{len(found)} notices, the newest first"
    lines = [_line(each, named=unknown) for each in found]
    if counts:
        lines.append("in all: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    result = {"notices": [_described(each) for each in found], "mail": counts}
    return Report(result=result, lines=[heading, *lines])


def mail_test(config: Path, address: str) -> Report:
    """Bring a message to this address, that says that it is a test.

    Raises:
        Malformed: not an address.
        ConfigurationInvalid: no mail server is configured, or a file of it cannot be used.
        Unavailable: the mail server did not take it; the message has its codes.
    """
    settings = load(config)
    to = EmailAddress.parse(address)
    smtp = settings.notices.smtp
    if smtp is None:
        raise ConfigurationInvalid(
            key="notices.smtp",
            message="no mail server is configured",
            next_step="add the section [notices.smtp] (docs/notices.md)",
        )
    progress(f"asking {smtp.host}:{smtp.port}")
    why = asyncio.run(_bring(smtp, to))
    if why is not None:
        raise Unavailable(
            message=f"the mail server did not take it: {why}",
            next_step="check [notices.smtp], and the mail server's own log",
        )
    return Report(
        result={"server": f"{smtp.host}:{smtp.port}", "taken": True},
        lines=[f"{smtp.host} took a message; look in the mailbox"],
    )


async def _bring(smtp: SmtpSettings, to: EmailAddress) -> str | None:
    """What stood in the way; None: nothing."""
    sender = sender_of(smtp)
    name = SystemEntropy().octets(_ID_OCTETS).hex()
    octets = octets_of(_TEST, sender=sender, to=to, name=name, at=SystemClock().now())
    envelope = Envelope(sender=sender.address, to=to, octets=octets)
    handed = await SmtpMailer(mail_server(smtp)).bring(envelope, _yes)
    return None if handed.taken is Taken.ACCEPTED else f"{handed.taken.value} {handed.why}".strip()


async def _yes() -> bool:
    return True


def _described(shown: ShownNotice) -> dict[str, Any]:
    notice = shown.notice
    return {
        "id": notice.id.value,
        "kind": notice.fact.kind.value,
        "card": notice.fact.card.value,
        "organisation": notice.organisation.value,
        "at": encode_time(notice.fact.at),
        "made_at": encode_time(notice.made_at),
        "mail": notice.mail.value,
        "mail_at": encode_time(notice.mail_at),
        "tries": notice.tries,
        "why": notice.why,
        "acknowledged": notice.acknowledged_at is not None,
    }


def _line(shown: ShownNotice, *, named: bool) -> str:
    notice = shown.notice
    name = f"{notice.id}  " if named else ""
    why = "" if notice.why is None else f" ({notice.why})"
    return (
        f"{name}{notice.made_at:%Y-%m-%d %H:%M}  {notice.mail.value + why:<20}  "
        f"{in_english(shown).fact}"
    )
