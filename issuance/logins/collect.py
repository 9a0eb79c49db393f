"""The browser that asked gets its session, once, when a telephone said yes; and ends it."""

import hmac
from dataclasses import dataclass

from issuance.desk import Desk
from issuance.ports import Registration
from issuance.rules.permissions import actor
from issuance.steps.callers import (
    LOGIN_TOKEN,
    login_session_of,
    require_able,
)
from issuance.steps.codes import new_token, token_digest
from pki.domain.errors import Unauthenticated
from pki.domain.identifiers import SessionId
from pki.domain.logins.events import LoginEnded, LoginOpened
from pki.domain.logins.records import Login, LoginSession, LoginState
from pki.domain.people import Operator


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OpenedLogin:
    """A session with its bearer token, which only the browser keeps, and for whom it speaks."""

    session: LoginSession
    operator: Operator
    token: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Collecting:
    """Which log-in a browser asks after, with the secret that it was given; and its address."""

    login_id: SessionId
    secret: str
    origin: str | None


async def collect_login(desk: Desk, asked: Collecting) -> Login | OpenedLogin:
    """The session, once; or the log-in that is still waiting, or was refused.

    Raises:
        Unauthenticated: there is no such log-in, it was collected, is late, or another's.
        Forbidden: who approved may do nothing any more.
        RateLimited: asked too often.
        StoreUnavailable: nothing was changed.
    """
    found = await desk.reader.read(lambda snapshot: snapshot.login(asked.login_id))
    if found is None or desk.clock.now() >= found.expires_at or not _holds(found, asked.secret):
        desk.restraint.peer(asked.origin, "log-in")
        raise _no_login()
    desk.restraint.login(found.id.value)
    if found.state is not LoginState.APPROVED:
        return found
    return await desk.store.write(lambda session: _open(desk, session, asked))


async def end_login(desk: Desk, token: str) -> LoginSession:
    """Log out.

    Raises:
        Unauthenticated: no open session has this token.
        StoreUnavailable: nothing was changed.
    """
    found = await login_session_of(desk, token)

    def end(session: Registration) -> LoginSession:
        operator = session.operator_by_certificate(found.certificate_sha256)
        session.remove_login_session(found.id)
        if operator is not None:
            session.record(LoginEnded(session=found.id), actor(operator))
        return found

    return await desk.store.write(end)


def _open(desk: Desk, session: Registration, asked: Collecting) -> Login | OpenedLogin:
    """As the log-in is now: of two that collect at once one gets it."""
    login = session.login(asked.login_id)
    if login is None or session.now >= login.expires_at:
        raise _no_login()
    if login.state is not LoginState.APPROVED or login.certificate_sha256 is None:
        return login
    operator = require_able(session, login.certificate_sha256)
    token = LOGIN_TOKEN + new_token(desk.entropy)
    opened = LoginSession(
        id=login.id,
        token_sha256=token_digest(token),
        certificate_sha256=operator.certificate_sha256,
        expires_at=session.now + desk.limits.session,
    )
    session.remove_login(login.id)
    session.put_login_session(opened)
    session.record(LoginOpened(session=opened.id), actor(operator))
    return OpenedLogin(session=opened, operator=operator, token=token)


def _holds(login: Login, secret: str) -> bool:
    return hmac.compare_digest(token_digest(secret), login.secret_sha256)


def _no_login() -> Unauthenticated:
    return Unauthenticated(
        message="the log-in is unknown, collected, late or not this browser's",
        next_step="begin again",
    )
