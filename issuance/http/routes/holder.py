"""What a holder does at the desk, with a UZI pass or a session's token."""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from issuance.certify_card import CardCertifier, KeyRequest
from issuance.confirm_card import CardProof, confirm_card
from issuance.desk import Desk
from issuance.http.bodies import (
    bearer_of,
    body_of,
    card_id_of,
    idempotency_key_of,
    json_response,
)
from issuance.http.table.route import Again, Caller, Key, Route
from issuance.http.views import card_view, certified_view, challenge_view, session_view
from issuance.open_session import PassProof, ask_challenge, open_session
from issuance.order_card import CardOrder, order_card
from issuance.steps.callers import session_of
from pki.api.wire import (
    CardView,
    CertificateRequest,
    CertifiedView,
    ChallengeRequest,
    ChallengeView,
    ConfirmationRequest,
    ConfirmedView,
    OrderRequest,
    SessionRequest,
    SessionView,
)
from pki.domain.records import Session

_STATE_OR_KEY: Final = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)


class HolderRoutes:
    """Challenge, session, order, certificate, confirmation."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._certifier = CardCertifier(desk)

    def routes(self) -> list[Route]:
        """The lines of the table."""
        return [*self._opening(), *self._making()]

    def _opening(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/challenges",
                handler=self._challenge,
                operation="askChallenge",
                about="Ask for a challenge that a UZI pass signs.",
                again=Again.ANOTHER,
                caller=Caller.ANYONE,
                body=ChallengeRequest,
                answer=ChallengeView,
                status=HTTPStatus.CREATED,
                refusals=(HTTPStatus.TOO_MANY_REQUESTS,),
            ),
            Route(
                method="POST",
                path="/v1/sessions",
                handler=self._session,
                operation="openSession",
                about="Open a session with the signature of a UZI pass.",
                again=Again.ONE_USE,
                caller=Caller.ANYONE,
                body=SessionRequest,
                answer=SessionView,
                status=HTTPStatus.CREATED,
                refusals=(
                    HTTPStatus.UNAUTHORIZED,
                    HTTPStatus.FORBIDDEN,
                    HTTPStatus.CONFLICT,
                    HTTPStatus.TOO_MANY_REQUESTS,
                ),
            ),
        ]

    def _making(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/cards",
                handler=self._order,
                operation="orderCard",
                about="Order a card; the same key and body give the same card.",
                caller=Caller.HOLDER,
                body=OrderRequest,
                answer=CardView,
                status=HTTPStatus.CREATED,
                key=Key.MUST,
            ),
            Route(
                method="POST",
                path="/v1/cards/{card_id}/certificate",
                handler=self._certify,
                operation="certifyCard",
                about="Certify the card's key; the same key gives the same certificate.",
                again=Again.SO_ALREADY,
                caller=Caller.HOLDER,
                body=CertificateRequest,
                answer=CertifiedView,
                status=HTTPStatus.CREATED,
                refusals=_STATE_OR_KEY,
            ),
            Route(
                method="POST",
                path="/v1/cards/{card_id}/confirmation",
                handler=self._confirm,
                operation="confirmCard",
                about="Prove that the card holds the certified key; then it is to be trusted.",
                again=Again.ONE_USE,
                caller=Caller.HOLDER,
                body=ConfirmationRequest,
                answer=ConfirmedView,
                refusals=_STATE_OR_KEY,
            ),
        ]

    async def _challenge(self, request: web.Request) -> web.Response:
        self._desk.restraint.peer(request.remote, "challenge")
        body = await body_of(request, ChallengeRequest)
        challenge = await ask_challenge(self._desk, body.purpose)
        return json_response(challenge_view(challenge), 201)

    async def _session(self, request: web.Request) -> web.Response:
        self._desk.restraint.peer(request.remote, "session")
        body = await body_of(request, SessionRequest)
        proof = PassProof(
            challenge_id=body.challenge_id,
            certificate=body.certificate,
            signature=body.signature,
            algorithm=body.algorithm,
        )
        opened = await open_session(self._desk, proof)
        return json_response(session_view(opened, self._desk.attestation.policy), 201)

    async def _order(self, request: web.Request) -> web.Response:
        holder = await self._holder(request)
        key = idempotency_key_of(request)
        body = await body_of(request, OrderRequest)
        order = CardOrder(
            key=key,
            birth_date=body.birth_date,
            card_number=body.card_number,
            certificate=body.certificate,
        )
        return json_response(card_view(await order_card(self._desk, holder, order)), 201)

    async def _certify(self, request: web.Request) -> web.Response:
        holder = await self._holder(request)
        body = await body_of(request, CertificateRequest)
        asked = KeyRequest(pkcs10=body.pkcs10, attestation=tuple(body.attestation))
        certified = await self._certifier.certify(holder, card_id_of(request), asked)
        return json_response(certified_view(certified), 201)

    async def _confirm(self, request: web.Request) -> web.Response:
        holder = await self._holder(request)
        body = await body_of(request, ConfirmationRequest)
        proof = CardProof(
            challenge_id=body.challenge_id, signature=body.signature, algorithm=body.algorithm
        )
        change = await confirm_card(self._desk, holder, card_id_of(request), proof)
        return json_response(ConfirmedView(card=card_view(change.card)))

    async def _holder(self, request: web.Request) -> Session:
        return await session_of(self._desk, bearer_of(request) or "")
