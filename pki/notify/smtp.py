"""One message to one mail server (RFC 5321), with TLS (RFC 3207, RFC 8314) and log-in (RFC 4954).

What a server says is kept as codes only: its words may hold the address.
"""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

import aiosmtplib

from pki.domain.errors import Unavailable
from pki.domain.notices.addresses import EmailAddress
from pki.domain.notices.mail import Handed, Taken

Security = Literal["starttls", "tls", "none"]
_ENHANCED: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)", re.ASCII)
_FOR_GOOD: Final = 500
_GOODBYE_SECONDS: Final = 5.0
_OF_US: Final = re.compile(r"5\.7\.(0|8|9|11|12|13|14)$", re.ASCII)
"""Enhanced codes that are about our log-in or our encryption (RFC 4954 6, RFC 5248)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn:
    """A user of the mail server."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "LogIn(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where messages are brought to.

    ``tls`` judges the server's certificate; it is not used where ``security`` is ``none``.
    ``seconds`` bounds each answer of the server, ``in_all`` the whole conversation.
    """

    host: str
    port: int
    security: Security
    tls: ssl.SSLContext
    greeting: str
    log_in: LogIn | None = None
    seconds: float = 30.0
    in_all: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """From whom, to whom, and what (RFC 5321 2.3.1)."""

    sender: EmailAddress
    to: EmailAddress
    octets: bytes


class _Stopped(Exception):
    """Whoever asked for the message to be brought does not want it brought any more."""


class SmtpMailer:
    """Brings messages to one server, each over a connection of its own."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def bring(self, envelope: Envelope, go: Callable[[], Awaitable[bool]]) -> Handed:
        """Bring a message; ``go`` is asked when the server waits for its first octet.

        Only what a server says of the address or the message is held against those: before that it
        has spoken of us. Raises what ``go`` raises.
        """
        talk = _Talk(self._server)
        try:
            async with asyncio.timeout(self._server.in_all):
                await talk.bring(envelope, go)
        except _Stopped:
            return Handed(taken=Taken.NOT_NOW, why="taken over")
        except aiosmtplib.SMTPResponseException as error:
            return _answered(talk.about, error)
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            lost = Taken.UNCLEAR if talk.handing else Taken.AWAY
            return Handed(taken=lost, why=type(error).__name__)
        finally:
            await talk.leave()
        return Handed(taken=Taken.ACCEPTED)

    async def check(self) -> None:
        """Greet, encrypt, log in and leave, without a message.

        Raises:
            Unavailable: what does not work; the message names no secret.
        """
        talk = _Talk(self._server)
        try:
            async with asyncio.timeout(self._server.in_all):
                await talk.open()
        except aiosmtplib.SMTPResponseException as error:
            raise _useless(_codes(error)) from None
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            raise _useless(type(error).__name__) from None
        finally:
            await talk.leave()


class _Talk:
    """One conversation. ``about``: what the server speaks of now; ``handing``: it may have it."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.seconds,
            local_hostname=server.greeting,
            use_tls=server.security == "tls",
            start_tls=False,
            tls_context=None if server.security == "none" else server.tls,
        )
        self.about: Literal["us", "address", "message"] = "us"
        self.handing = False

    async def open(self) -> None:
        await self._client.connect()
        if self._server.security == "starttls":
            await self._client.starttls(tls_context=self._server.tls)
        if self._server.log_in is not None:
            await self._client.login(self._server.log_in.user, self._server.log_in.password)

    async def bring(self, envelope: Envelope, go: Callable[[], Awaitable[bool]]) -> None:
        await self.open()
        await self._client.mail(envelope.sender.value)
        self.about = "address"
        await self._client.rcpt(envelope.to.value)
        if not await go():
            raise _Stopped
        self.about, self.handing = "message", True
        await self._client.data(envelope.octets)

    async def leave(self) -> None:
        """Say goodbye; what was answered before stays so when nobody answers to that."""
        try:
            await self._client.quit(timeout=_GOODBYE_SECONDS)
        except (aiosmtplib.SMTPException, OSError):
            self._client.close()


def _answered(about: str, error: aiosmtplib.SMTPResponseException) -> Handed:
    codes = _codes(error)
    if about == "us" or _OF_US.search(codes):
        return Handed(taken=Taken.AWAY, why=codes)
    return Handed(taken=Taken.REFUSED if error.code >= _FOR_GOOD else Taken.NOT_NOW, why=codes)


def _codes(error: aiosmtplib.SMTPResponseException) -> str:
    """``550 5.1.1``: the reply code, and the enhanced one if there is one (RFC 3463)."""
    enhanced = _ENHANCED.match(error.message)
    return f"{error.code} {enhanced[1]}" if enhanced else str(error.code)


def _useless(why: str) -> Unavailable:
    return Unavailable(
        message=f"the mail server cannot be used: {why}",
        next_step="check the section [notices.smtp], and the mail server's own log",
    )
