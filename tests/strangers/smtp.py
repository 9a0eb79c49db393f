"""A real mail server on loopback (aiosmtpd), which does as it is told."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PASSWORD = "a long password"


@dataclass
class Post:
    """What the server answers, and what it has got; ``greetings`` names who came, and
    ``hung`` tells that something was brought to which no answer comes.

    ``port``: where it listens; 0: anywhere.
    """

    port: int = 0
    mail: str | None = None
    rcpt: str | None = None
    data: str = "250 2.0.0 taken"
    drop: bool = False
    hang: bool = False
    hung: bool = False
    log_ins: list[str] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    greetings: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    @property
    def messages(self) -> list[EmailMessage]:
        return [_read(each) for each in self.envelopes]

    async def handle_EHLO(  # noqa: N802 -- the library finds it by this name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, said: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greetings.append(hostname)
        return said

    async def handle_MAIL(  # noqa: N802 -- as above
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mail is not None:
            return self.mail
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 -- as above
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt is not None:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 -- as above
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.hang:
            self.hung = True
            await asyncio.sleep(60)
        if not self.data.startswith(("4", "5")):
            self.envelopes.append(envelope)
            transport = server.transport
            assert isinstance(transport, asyncio.WriteTransport)
            self.encrypted.append(transport.get_extra_info("ssl_object") is not None)
            if self.drop:
                transport.abort()
        return self.data

    def log_in(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.log_ins.append(data.login.decode())
        return AuthResult(success=data.password.decode() == PASSWORD, handled=False)


@asynccontextmanager
async def mail_server(
    post: Post, *, tls: ssl.SSLContext | None = None, at_once: bool = False, log_in: bool = False
) -> AsyncIterator[int]:
    """Serve until the block ends; gives the port. ``at_once``: TLS from the first octet on."""

    spoken: list[SMTP] = []

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            # With TLS from the first octet on it believes that log-ins are in the clear.
            warnings.simplefilter("ignore")
            made = SMTP(
                post,
                hostname="mail.example",
                tls_context=None if at_once else tls,
                require_starttls=tls is not None and not at_once,
                authenticator=post.log_in if log_in else None,
                auth_required=log_in,
                auth_require_tls=tls is not None and not at_once,
                loop=asyncio.get_running_loop(),
            )
        spoken.append(made)
        return made

    loop, first = asyncio.get_running_loop(), tls if at_once else None
    served = await loop.create_server(protocol, "127.0.0.1", post.port, ssl=first)
    try:
        yield served.sockets[0].getsockname()[1]
    finally:
        served.close()
        await served.wait_closed()
        for each in spoken:
            # Python 3.11.2 stumbles over TLS whose connection is gone already.
            with suppress(AttributeError):
                if isinstance(each.transport, asyncio.WriteTransport):
                    each.transport.abort()
        # What was aborted is gone after the loop's next turn.
        await asyncio.sleep(0.01)


def _read(envelope: Envelope) -> EmailMessage:
    content = envelope.content
    assert isinstance(content, bytes)
    found = message_from_bytes(content, policy=default)
    assert isinstance(found, EmailMessage)
    return found
