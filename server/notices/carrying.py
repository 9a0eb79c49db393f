"""The configured mail server, and letters as messages to it."""

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from issuance.notices.texts import message_of
from pki.domain.errors import ConfigurationInvalid
from pki.domain.notices.addresses import EmailAddress
from pki.domain.notices.mail import Handed
from pki.domain.notices.records import Letter
from pki.notify.message import Content, Sender, octets_of
from pki.notify.smtp import Envelope, LogIn, MailServer, SmtpMailer
from pki.ports import Clock
from server.files import read_private_text
from server.setting.notices import SmtpSettings
from server.settings import Settings

LANGUAGES: Final = "nl, en"
_KEY: Final = "notices.smtp"
_CONVERSATION: Final = 4
"""The whole conversation takes at most so many times as one answer."""


class LetterCarrier:
    """Puts a letter into words and brings it to the mail server."""

    def __init__(self, settings: SmtpSettings, *, installation: str, clock: Clock) -> None:
        """``installation`` is its kind, which the message shows.

        Raises:
            ConfigurationInvalid: the password or the CA certificates cannot be used.
        """
        self._mailer = SmtpMailer(mail_server(settings))
        self._sender = sender_of(settings)
        self._installation = installation
        self._clock = clock

    async def carry(self, letter: Letter, go: Callable[[], Awaitable[bool]]) -> Handed:
        """Bring it."""
        message = message_of(letter, self._installation)
        octets = octets_of(
            Content(subject=message.subject, text=message.text, languages=LANGUAGES),
            sender=self._sender,
            to=letter.to,
            name=letter.id,
            at=self._clock.now(),
        )
        envelope = Envelope(sender=self._sender.address, to=letter.to, octets=octets)
        return await self._mailer.bring(envelope, go)


def configured_carrier(settings: Settings, clock: Clock) -> LetterCarrier | None:
    """The carrier, where a mail server is configured.

    Raises:
        ConfigurationInvalid: the password or the CA certificates cannot be used.
    """
    smtp = settings.notices.smtp
    if smtp is None:
        return None
    return LetterCarrier(smtp, installation=settings.installation.kind, clock=clock)


def sender_of(settings: SmtpSettings) -> Sender:
    """Who notices are from."""
    return Sender(address=EmailAddress(settings.sender), name=settings.sender_name)


def mail_server(settings: SmtpSettings) -> MailServer:
    """The mail server with its secrets read.

    Raises:
        ConfigurationInvalid: the password or the CA certificates cannot be used.
    """
    return MailServer(
        host=settings.host,
        port=settings.port,
        security=settings.security,
        tls=_tls(settings.ca_file),
        greeting=EmailAddress(settings.sender).domain,
        log_in=_log_in(settings),
        seconds=settings.timeout_seconds,
        in_all=_CONVERSATION * settings.timeout_seconds,
    )


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationInvalid(
            key=f"{_KEY}.ca_file",
            message=f"{ca_file} holds no certificates that can be used: {type(error).__name__}",
            next_step="give PEM certificates, or take ca_file out",
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _log_in(settings: SmtpSettings) -> LogIn | None:
    path = settings.password_file
    if settings.user is None or path is None:
        return None
    password = read_private_text(path, f"{_KEY}.password_file")
    return LogIn(user=settings.user, password=password)
