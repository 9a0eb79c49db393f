"""What `zorgid doctor` looks at of notices: the mail server, and what has waited too long."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from pki.domain.errors import Unavailable
from pki.notify.smtp import SmtpMailer
from pki.store.reading import ReadStore
from server.commands.findings import Finding, ok, problem, warning
from server.notices.carrying import mail_server
from server.settings import Settings

ABOUT: Final = "notices"
LATE: Final = timedelta(hours=1)
"""A notice that could be sent is, within minutes of being made."""


def examine_notices(settings: Settings, now: datetime) -> Iterator[Finding]:
    """One finding on the mail server, one on what waits; none where nothing is mailed.

    Raises:
        ConfigurationInvalid: a file that [notices.smtp] names cannot be used.
        StoreUnavailable: the store cannot be read.
    """
    smtp = settings.notices.smtp
    if smtp is None:
        return
    try:
        asyncio.run(SmtpMailer(mail_server(smtp)).check())
    except Unavailable as error:
        yield problem(ABOUT, error.message, error.next_step)
    else:
        yield ok(ABOUT, f"{smtp.host} lets us in")
    since = _waiting_since(settings, now)
    if since is not None and now - since > LATE:
        step = "see where with: zorgid notices list; is the role publisher running?"
        yield warning(ABOUT, f"the oldest unsent one was made at {since:%Y-%m-%d %H:%M} UTC", step)


def _waiting_since(settings: Settings, now: datetime) -> datetime | None:
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        return store.read_sync(lambda session: session.mail_waiting_since(now))
    finally:
        store.close_sync()
