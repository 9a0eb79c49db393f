"""A telephone with ZORG-ID Mobiel sees what it is asked to let in, and says yes or no."""

import hmac
from collections.abc import Callable
from dataclasses import replace

from issuance.desk import Desk
from issuance.ports import Registration
from issuance.rules.permissions import actor
from issuance.steps.callers import operator_of, require_able
from issuance.steps.codes import code_digest
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse
from pki.domain.errors import Conflict, Forbidden, NotFound
from pki.domain.events import Event
from pki.domain.logins.events import LoginApproved, LoginRefused
from pki.domain.logins.records import Login, LoginState
from pki.domain.people import Operator
from pki.domain.reasons import RefusalReason


async def login_to_answer(desk: Desk, certificate: bytes | None, code: str) -> Login:
    """The log-in that the code stands for.

    Raises:
        Unauthenticated, Forbidden: the certificate (DER) is no ZORG-ID Mobiel of an operator, or
            of one who may do nothing.
        NotFound: the code is unknown, collected or late.
    """
    await _telephone(desk, certificate)
    wanted = code_digest(code)
    found = await desk.reader.read(lambda snapshot: snapshot.login_by_code(wanted))
    if found is None or desk.clock.now() >= found.expires_at:
        raise _no_login()
    return found


async def approve_login(desk: Desk, certificate: bytes | None, code: str, number: str) -> Login:
    """Let the browser in, as the operator whose telephone this is; again by the same is the same.

    Raises:
        Unauthenticated, Forbidden, NotFound: as `login_to_answer`.
        Refused: LOGIN_NUMBER: the browser shows another number; the log-in is over by that.
        Conflict: it was answered otherwise before, or by somebody else.
        StoreUnavailable: nothing was changed.
    """
    operator = await _telephone(desk, certificate)

    def decide(login: Login) -> tuple[LoginState, Event]:
        if hmac.compare_digest(number.encode(), login.number.encode()):
            return LoginState.APPROVED, LoginApproved(session=login.id)
        return LoginState.REFUSED, LoginRefused(session=login.id)

    async with refusals_recorded(desk.store, Asker(actor=actor(operator)), desk.restraint):
        answered = await desk.store.write(lambda session: _answer(session, operator, code, decide))
        if answered.state is LoginState.REFUSED:
            refuse(RefusalReason.LOGIN_NUMBER)
    return answered


async def refuse_login(desk: Desk, certificate: bytes | None, code: str) -> Login:
    """Do not let the browser in; whoever approved may still say so until it has its session.

    Raises:
        Unauthenticated, Forbidden, NotFound, Conflict, StoreUnavailable: as `approve_login`.
    """
    operator = await _telephone(desk, certificate)

    def decide(login: Login) -> tuple[LoginState, Event]:
        return LoginState.REFUSED, LoginRefused(session=login.id)

    return await desk.store.write(lambda session: _answer(session, operator, code, decide))


async def _telephone(desk: Desk, certificate: bytes | None) -> Operator:
    """Who asks, if their certificate is in a telephone: one on a computer scans no code."""
    operator = await operator_of(desk, certificate)
    known = operator.certificate_sha256
    if await desk.reader.read(lambda snapshot: snapshot.mobiel_by_certificate(known)) is None:
        raise Forbidden(
            message="the client certificate is no ZORG-ID Mobiel",
            next_step="answer with the telephone that has ZORG-ID Mobiel",
        )
    return operator


def _answer(
    session: Registration,
    operator: Operator,
    code: str,
    decide: Callable[[Login], tuple[LoginState, Event]],
) -> Login:
    able = require_able(session, operator.certificate_sha256)
    login = session.login_by_code(code_digest(code))
    if login is None or session.now >= login.expires_at:
        raise _no_login()
    state, event = decide(login)
    answered = replace(login, state=state, certificate_sha256=able.certificate_sha256)
    if answered == login:
        return login
    if not _may_change(login, answered):
        raise Conflict(
            message="the log-in was answered already", next_step="begin again at the browser"
        )
    session.put_login(answered)
    session.record(event, actor(able))
    return answered


def _may_change(login: Login, answered: Login) -> bool:
    """One that waits is answered; who said yes may still say no."""
    if login.state is LoginState.WAITING:
        return True
    mind_changed = (login.state, answered.state) == (LoginState.APPROVED, LoginState.REFUSED)
    return mind_changed and login.certificate_sha256 == answered.certificate_sha256


def _no_login() -> NotFound:
    return NotFound(
        what="log-in",
        message="the code is unknown, used or late",
        next_step="begin again at the browser",
    )
