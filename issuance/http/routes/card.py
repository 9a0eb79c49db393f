"""What operators do with cards, with a client certificate; a holder reads a card with a token."""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from issuance.block_card import block_card
from issuance.http.bodies import bearer_of, body_of, card_id_of, json_response
from issuance.http.conditions import seen_by, tagged
from issuance.http.once import answered, once_of
from issuance.http.peers import AskedByOperators
from issuance.http.table.route import Again, Caller, Handler, Key, Route
from issuance.http.views import card_view, certificate_view, changed_view
from issuance.revoke_card import revoke_card
from issuance.rules.permissions import Action
from issuance.search.find import search_cards
from issuance.steps.callers import LOGIN_TOKEN, session_of
from issuance.steps.card_change import CardChange
from issuance.steps.enquiries import (
    card_for_holder,
    card_for_operator,
    certificate_for_operator,
)
from issuance.steps.terms import Terms
from issuance.unblock_card import unblock_card
from pki.api.base import Wire
from pki.api.search import CardSearchRequest, CardsView
from pki.api.wire import (
    BlockRequest,
    CardChangedView,
    CardView,
    CertificateView,
    RevokeRequest,
    UnblockRequest,
)
from pki.domain.identifiers import SerialNumber
from pki.domain.people import Operator
from pki.domain.search.cards import CardSearch

_CHANGES: Final = {
    "block": Action.BLOCK_CARD,
    "unblock": Action.UNBLOCK_CARD,
    "revoke": Action.REVOKE_CARD,
}


class CardRoutes(AskedByOperators):
    """Finding and reading, blocking, unblocking and revoking."""

    def routes(self) -> list[Route]:
        """The lines of the table."""
        return [*self._reading(), *self._changing()]

    def _reading(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/cards/search",
                handler=self._cards,
                operation="searchCards",
                about="Find the cards that the operator may see.",
                again=Again.NOTHING,
                caller=Caller.OPERATOR,
                action=Action.READ_CARD,
                body=CardSearchRequest,
                answer=CardsView,
            ),
            Route(
                method="GET",
                path="/v1/cards/{card_id}",
                handler=self._card,
                operation="readCard",
                about="Read a card.",
                caller=Caller.HOLDER_OR_OPERATOR,
                action=Action.READ_CARD,
                answer=CardView,
                versioned=True,
                refusals=(HTTPStatus.CONFLICT,),
            ),
            Route(
                method="GET",
                path="/v1/certificates/{serial}",
                handler=self._certificate,
                operation="readCertificate",
                about="Read a certificate and its status now.",
                caller=Caller.OPERATOR,
                action=Action.READ_CARD,
                answer=CertificateView,
            ),
        ]

    def _changing(self) -> list[Route]:
        unprocessable = (HTTPStatus.UNPROCESSABLE_ENTITY,)
        return [
            _change("block", self._block, BlockRequest, "Stop trust in a card until unblocked."),
            _change("unblock", self._unblock, UnblockRequest, "Lift a block."),
            _change(
                "revoke", self._revoke, RevokeRequest, "End a blocked card for ever.", unprocessable
            ),
        ]

    async def _card(self, request: web.Request) -> web.Response:
        card_id = card_id_of(request)
        token = bearer_of(request)
        if token is not None and not token.startswith(LOGIN_TOKEN):
            holder = await session_of(self._desk, token)
            view = card_view(await card_for_holder(self._desk, holder, card_id))
        else:
            operator = await self._operator_of(request)
            view = card_view(await card_for_operator(self._desk, operator, card_id))
        return tagged(json_response(view), view.version)

    async def _cards(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, CardSearchRequest)
        found = await search_cards(self._desk, operator, _asked(body), body.cursor)
        cards = [card_view(card) for card in found.cards]
        return json_response(CardsView(cards=cards, next_cursor=found.cursor))

    async def _block(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, BlockRequest)
        card_id, terms = card_id_of(request), _terms(request, operator, body)
        change = block_card(self._desk_of(operator), operator, card_id, body.reason, terms)
        return await answered(change, changed_view)

    async def _unblock(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, UnblockRequest)
        terms = _terms(request, operator, body)
        change = unblock_card(self._desk_of(operator), operator, card_id_of(request), terms)
        return await answered(change, changed_view)

    async def _revoke(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, RevokeRequest)
        card_id, terms = card_id_of(request), _terms(request, operator, body)
        since = body.compromised_since
        change = revoke_card(self._desk_of(operator), operator, card_id, body.reason, since, terms)
        return await answered(change, changed_view)

    async def _certificate(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        serial = SerialNumber.parse(request.match_info["serial"])
        state = await certificate_for_operator(self._desk, operator, serial)
        return json_response(certificate_view(state))


def _terms(request: web.Request, operator: Operator, body: Wire) -> Terms[CardChange]:
    return Terms(once=once_of(request, operator, body, changed_view), seen=seen_by(request))


def _asked(body: CardSearchRequest) -> CardSearch:
    return CardSearch(
        uzi_number=body.uzi_number,
        surname=body.surname,
        card_number=body.card_number,
        state=None if body.state is None else body.state.value,
        expires_from=body.expires_from,
        expires_before=body.expires_before,
        limit=body.limit,
    )


def _change(
    verb: str,
    handler: Handler,
    body: type[Wire],
    about: str,
    refusals: tuple[HTTPStatus, ...] = (),
) -> Route:
    return Route(
        method="POST",
        path=f"/v1/cards/{{card_id}}/{verb}",
        handler=handler,
        operation=f"{verb}Card",
        about=about,
        caller=Caller.OPERATOR,
        action=_CHANGES[verb],
        body=body,
        answer=CardChangedView,
        key=Key.MAY,
        versioned=True,
        refusals=(HTTPStatus.CONFLICT, *refusals),
    )
