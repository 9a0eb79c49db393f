"""Log-ins: asked and collected by a browser, answered by a telephone."""

import re
from http import HTTPStatus
from typing import Final

from aiohttp import web

from issuance.desk import Desk
from issuance.http.bodies import bearer_of, body_of, json_response
from issuance.http.peers import PeerCertificate
from issuance.http.table.route import Again, Caller, Route
from issuance.logins.answer import approve_login, login_to_answer, refuse_login
from issuance.logins.ask import ask_login
from issuance.logins.collect import Collecting, OpenedLogin, collect_login, end_login
from pki.api.base import Wire
from pki.api.people.logins import (
    ApproveLoginRequest,
    CollectLoginRequest,
    LoginAskedView,
    LoginCollectedView,
    LoginEndedView,
    LoginRequest,
    LoginSessionView,
    LoginView,
    RefuseLoginRequest,
)
from pki.api.registration import CODE_PATTERN
from pki.domain.errors import Malformed, Unauthenticated
from pki.domain.logins.records import Login, LoginState

QR_PREFIX: Final = "ZORGID:LOGIN:1:"
"""Before the code in a QR code: what it is, and the version. All of it is alphanumeric to QR."""

_MANY: Final = (HTTPStatus.TOO_MANY_REQUESTS,)


class LoginRoutes:
    """A browser has no certificate, so it asks somebody's telephone, which has one."""

    def __init__(self, desk: Desk, peer_certificate: PeerCertificate) -> None:
        self._desk = desk
        self._peer_certificate = peer_certificate

    def routes(self) -> list[Route]:
        """The lines of the table."""
        return [*self._at_the_browser(), *self._at_the_telephone()]

    def _at_the_browser(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/logins",
                handler=self._ask,
                operation="askLogin",
                about="Ask to be let in by somebody's telephone.",
                again=Again.ANOTHER,
                caller=Caller.ANYONE,
                body=LoginRequest,
                answer=LoginAskedView,
                status=HTTPStatus.CREATED,
                refusals=_MANY,
            ),
            Route(
                method="POST",
                path="/v1/logins/collect",
                handler=self._collect,
                operation="collectLogin",
                about="Ask what became of one's log-in; once approved, get its session, once.",
                again=Again.ONE_USE,
                caller=Caller.ANYONE,
                body=CollectLoginRequest,
                answer=LoginCollectedView,
                refusals=(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, *_MANY),
            ),
            Route(
                method="DELETE",
                path="/v1/logins/session",
                handler=self._end,
                operation="endLogin",
                about="Log out.",
                again=Again.ONE_USE,
                caller=Caller.LOGIN,
                answer=LoginEndedView,
            ),
        ]

    def _at_the_telephone(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path="/v1/logins/{code}",
                handler=self._read,
                operation="readLogin",
                about="Read what a browser asks to be let in to, and from where.",
                caller=Caller.TELEPHONE,
                answer=LoginView,
            ),
            Route(
                method="POST",
                path="/v1/logins/{code}/approve",
                handler=self._approve,
                operation="approveLogin",
                about="Let a browser in, as oneself.",
                again=Again.SO_ALREADY,
                caller=Caller.TELEPHONE,
                body=ApproveLoginRequest,
                answer=LoginView,
                refusals=(HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
            ),
            Route(
                method="POST",
                path="/v1/logins/{code}/refuse",
                handler=self._refuse,
                operation="refuseLogin",
                about="Do not let a browser in.",
                again=Again.SO_ALREADY,
                caller=Caller.TELEPHONE,
                body=RefuseLoginRequest,
                answer=LoginView,
                refusals=(HTTPStatus.CONFLICT,),
            ),
        ]

    async def _ask(self, request: web.Request) -> web.Response:
        self._desk.restraint.peer(request.remote, "log-in")
        await body_of(request, LoginRequest)
        asked = await ask_login(self._desk, request.remote)
        view = LoginAskedView(
            login_id=asked.login.id,
            code=asked.code,
            qr=QR_PREFIX + asked.code,
            number=asked.login.number,
            secret=asked.secret,
            expires_at=asked.login.expires_at,
        )
        return json_response(view, HTTPStatus.CREATED)

    async def _collect(self, request: web.Request) -> web.Response:
        body = await body_of(request, CollectLoginRequest)
        asked = Collecting(login_id=body.login_id, secret=body.secret, origin=request.remote)
        return json_response(_collected(await collect_login(self._desk, asked)))

    async def _end(self, request: web.Request) -> web.Response:
        token = bearer_of(request)
        if token is None:
            raise Unauthenticated(message="no bearer token was given")
        return json_response(LoginEndedView(login_id=(await end_login(self._desk, token)).id))

    async def _read(self, request: web.Request) -> web.Response:
        certificate = self._peer_certificate(request)
        login = await login_to_answer(self._desk, certificate, _code(request))
        return json_response(self._view(login))

    async def _approve(self, request: web.Request) -> web.Response:
        body = await body_of(request, ApproveLoginRequest)
        certificate = self._peer_certificate(request)
        login = await approve_login(self._desk, certificate, _code(request), body.number)
        return json_response(self._view(login))

    async def _refuse(self, request: web.Request) -> web.Response:
        await body_of(request, RefuseLoginRequest)
        login = await refuse_login(self._desk, self._peer_certificate(request), _code(request))
        return json_response(self._view(login))

    def _view(self, login: Login) -> LoginView:
        return LoginView(
            service=self._desk.audience,
            asked_at=login.asked_at,
            expires_at=login.expires_at,
            origin=login.origin,
            state=login.state,
        )


def _code(request: web.Request) -> str:
    code = request.match_info["code"]
    if re.fullmatch(CODE_PATTERN, code) is None:
        raise Malformed(what="code", message="the code has another form")
    return code


def _collected(found: Login | OpenedLogin) -> Wire:
    if isinstance(found, Login):
        return LoginCollectedView(state=found.state)
    session = LoginSessionView(
        token=found.token,
        expires_at=found.session.expires_at,
        operator_id=found.operator.id,
        role=found.operator.role,
        ura=found.operator.ura,
    )
    return LoginCollectedView(state=LoginState.APPROVED, session=session)
