"""The SMTP client against a real mail server: TLS, log-in, refusals, broken connections."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from made.tls import TlsMade
from pki.domain.errors import StoreUnavailable, Unavailable
from pki.domain.notices.addresses import EmailAddress
from pki.domain.notices.mail import Handed, Taken
from pki.notify.smtp import Envelope, LogIn, MailServer, Security, SmtpMailer
from pki.ports import SystemClock
from strangers.smtp import PASSWORD, Post, mail_server

ADDRESS, SENDER = EmailAddress("beheer@praktijk.example"), EmailAddress("noreply@zorg.example")
ENVELOPE = Envelope(
    sender=SENDER, to=ADDRESS, octets=b"Subject: a\r\n\r\n.one\r\n..two\r\n.\r\nthree\r\n"
)
LOG_IN = LogIn(user="zorgid", password=PASSWORD)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsMade:
    folder: Path = tmp_path_factory.mktemp("smtp-tls")
    return TlsMade(folder, SystemClock().now())


@pytest.fixture
def post() -> Post:
    return Post()


async def yes() -> bool:
    return True


async def bring(
    port: int,
    tls: TlsMade,
    *,
    security: Security = "none",
    log_in: LogIn | None = None,
    go: Callable[[], Awaitable[bool]] = yes,
    seconds: float = 20.0,
    host: str = "127.0.0.1",
) -> Handed:
    server = MailServer(
        host=host,
        port=port,
        security=security,
        tls=tls.client_context(),
        greeting="zorg.example",
        log_in=log_in,
        seconds=seconds,
        in_all=2 * seconds,
    )
    return await SmtpMailer(server).bring(ENVELOPE, go)


async def test_what_is_brought_arrives_as_it_is(post: Post, tls: TlsMade) -> None:
    async with mail_server(post) as port:
        assert await bring(port, tls) == Handed(taken=Taken.ACCEPTED)
    (envelope,) = post.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER.value, [ADDRESS.value])
    assert envelope.content == ENVELOPE.octets
    assert post.greetings == ["zorg.example"]


@pytest.mark.parametrize(("security", "at_once"), [("starttls", False), ("tls", True)])
async def test_with_tls_and_log_in(
    post: Post, tls: TlsMade, security: Security, at_once: bool
) -> None:
    context = tls.server_context()
    async with mail_server(post, tls=context, at_once=at_once, log_in=True) as port:
        handed = await bring(port, tls, security=security, log_in=LOG_IN)
    assert handed == Handed(taken=Taken.ACCEPTED)
    assert post.encrypted == [True]
    assert post.log_ins == ["zorgid"]


async def test_nothing_is_sent_in_the_clear_where_tls_is_wanted(post: Post, tls: TlsMade) -> None:
    async with mail_server(post) as port:
        handed = await bring(port, tls, security="starttls", log_in=LOG_IN)
        assert handed.taken is Taken.AWAY
        assert (await bring(port, tls, security="tls")).taken is Taken.AWAY
    assert (post.envelopes, post.log_ins) == ([], [])


async def test_a_mail_server_that_nobody_vouches_for_gets_nothing(
    post: Post, tls: TlsMade, tmp_path: Path
) -> None:
    other = TlsMade(tmp_path, SystemClock().now())
    async with mail_server(post, tls=other.server_context(), log_in=True) as port:
        handed = await bring(port, tls, security="starttls", log_in=LOG_IN)
    assert handed.taken is Taken.AWAY
    assert (post.envelopes, post.log_ins) == ([], [])


async def test_a_log_in_that_is_refused_is_our_fault_and_told_without_the_password(
    post: Post, tls: TlsMade
) -> None:
    wrong = LogIn(user="zorgid", password="not the password")
    assert "not the password" not in repr(wrong)
    async with mail_server(post, tls=tls.server_context(), log_in=True) as port:
        handed = await bring(port, tls, security="starttls", log_in=wrong)
    assert handed == Handed(taken=Taken.AWAY, why="535 5.7.8")


@pytest.mark.parametrize(
    ("where", "answer", "taken", "why"),
    [
        ("mail", "550 5.7.1 not you", Taken.AWAY, "550 5.7.1"),
        ("mail", "451 later", Taken.AWAY, "451"),
        ("rcpt", "550 5.1.1 <beheer@praktijk.example>: unknown", Taken.REFUSED, "550 5.1.1"),
        ("rcpt", "450 4.2.0 greylisted", Taken.NOT_NOW, "450 4.2.0"),
        ("rcpt", "530 5.7.0 log in first", Taken.AWAY, "530 5.7.0"),
        ("data", "554 5.6.0 not this", Taken.REFUSED, "554 5.6.0"),
        ("data", "452 4.3.1 disk full", Taken.NOT_NOW, "452 4.3.1"),
    ],
)
async def test_what_a_server_says_no_to(
    post: Post, tls: TlsMade, where: str, answer: str, taken: Taken, why: str
) -> None:
    setattr(post, where, answer)
    async with mail_server(post) as port:
        assert await bring(port, tls) == Handed(taken=taken, why=why)
    assert post.envelopes == []


async def test_a_connection_that_breaks_after_the_message_leaves_it_unclear(
    post: Post, tls: TlsMade
) -> None:
    post.drop = True
    async with mail_server(post) as port:
        handed = await bring(port, tls)
    assert handed.taken is Taken.UNCLEAR
    assert len(post.envelopes) == 1, "the server did take it"


async def test_a_server_that_never_answers_leaves_it_unclear(post: Post, tls: TlsMade) -> None:
    post.hang = True
    async with mail_server(post) as port:
        # A busy machine may need longer to bring it to the point where no answer comes.
        seconds = 0.3
        handed = await bring(port, tls, seconds=seconds)
        while not post.hung:
            seconds *= 10
            handed = await bring(port, tls, seconds=seconds)
    assert handed.taken is Taken.UNCLEAR


async def test_no_server_at_all(tls: TlsMade) -> None:
    async with mail_server(Post()) as port:
        pass
    assert (await bring(port, tls)).taken is Taken.AWAY


async def test_a_listener_that_says_nothing(tls: TlsMade) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:
            writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert (await bring(port, tls, seconds=0.3)).taken is Taken.AWAY


async def test_who_was_overtaken_sends_nothing(post: Post, tls: TlsMade) -> None:
    async def no() -> bool:
        return False

    async def broken() -> bool:
        raise StoreUnavailable(message="gone")

    async with mail_server(post) as port:
        assert (await bring(port, tls, go=no)).taken is Taken.NOT_NOW
        with pytest.raises(StoreUnavailable):
            await bring(port, tls, go=broken)
    assert post.envelopes == []


async def test_a_check_brings_nothing(post: Post, tls: TlsMade) -> None:
    async def check(port: int, password: str) -> None:
        server = MailServer(
            host="127.0.0.1",
            port=port,
            security="starttls",
            tls=tls.client_context(),
            greeting="zorg.example",
            log_in=LogIn(user="zorgid", password=password),
        )
        await SmtpMailer(server).check()

    made: AbstractAsyncContextManager[int] = mail_server(
        post, tls=tls.server_context(), log_in=True
    )
    async with made as port:
        await check(port, PASSWORD)
        with pytest.raises(Unavailable, match=r"535 5\.7\.8"):
            await check(port, "wrong")
    with pytest.raises(Unavailable, match="SMTPConnectError"):
        await check(port, PASSWORD)
    assert post.envelopes == []
