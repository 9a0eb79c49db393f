"""What operators do, with a client certificate."""

from aiohttp import web

from issuance.block_card import block_card
from issuance.desk import Desk
from issuance.http.bodies import bearer_of, body_of, card_id_of, json_response
from issuance.http.once import answered, once_of
from issuance.http.peers import PeerCertificate
from issuance.http.views import (
    card_view,
    certificate_view,
    changed_view,
    operator_removed_view,
    operator_view,
    organisation_view,
)
from issuance.operators.take_back import take_back_operator
from issuance.register_operator import KnownPerson, NewOperator, register_operator
from issuance.register_organisation import NewOrganisation, register_organisation
from issuance.revoke_card import revoke_card
from issuance.steps.callers import operator_of, session_of
from issuance.steps.enquiries import (
    card_for_holder,
    card_for_operator,
    cards_for_operator,
    certificate_for_operator,
)
from issuance.steps.responders import enrol_responder
from issuance.unblock_card import unblock_card
from pki.api.wire import (
    BlockRequest,
    CardSearchRequest,
    CardsView,
    OperatorPerson,
    OperatorRequest,
    OrganisationRequest,
    ResponderRequest,
    ResponderView,
    RevokeRequest,
    UnblockRequest,
)
from pki.domain.identifiers import PersonId, SerialNumber
from pki.domain.people import Operator, PersonName


class OperatorRoutes:
    """Reading, blocking, unblocking, revoking and registering."""

    def __init__(self, desk: Desk, peer_certificate: PeerCertificate) -> None:
        self._desk = desk
        self._peer_certificate = peer_certificate

    def routes(self) -> list[web.RouteDef]:
        """What to add to the application."""
        return [
            web.post("/v1/cards/search", self._cards),
            web.get("/v1/cards/{card_id}", self._card),
            web.post("/v1/cards/{card_id}/block", self._block),
            web.post("/v1/cards/{card_id}/unblock", self._unblock),
            web.post("/v1/cards/{card_id}/revoke", self._revoke),
            web.post("/v1/organisations", self._organisation),
            web.post("/v1/operators", self._operator),
            web.delete("/v1/operators/{operator_id}", self._take_back),
            web.get("/v1/certificates/{serial}", self._certificate),
            web.post("/v1/responder-certificates", self._responder),
        ]

    async def _card(self, request: web.Request) -> web.Response:
        card_id = card_id_of(request)
        token = bearer_of(request)
        if token is not None:
            holder = await session_of(self._desk, token)
            return json_response(card_view(await card_for_holder(self._desk, holder, card_id)))
        operator = await self._operator_of(request)
        return json_response(card_view(await card_for_operator(self._desk, operator, card_id)))

    async def _cards(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, CardSearchRequest)
        cards = await cards_for_operator(self._desk, operator, body.uzi_number)
        return json_response(CardsView(cards=[card_view(card) for card in cards]))

    async def _block(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, BlockRequest)
        card_id, once = card_id_of(request), once_of(request, operator, body, changed_view)
        change = block_card(self._desk, operator, card_id, body.reason, once)
        return await answered(change, changed_view)

    async def _unblock(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, UnblockRequest)
        once = once_of(request, operator, body, changed_view)
        change = unblock_card(self._desk, operator, card_id_of(request), once)
        return await answered(change, changed_view)

    async def _revoke(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, RevokeRequest)
        card_id, once = card_id_of(request), once_of(request, operator, body, changed_view)
        since = body.compromised_since
        change = revoke_card(self._desk, operator, card_id, body.reason, since, once)
        return await answered(change, changed_view)

    async def _organisation(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, OrganisationRequest)
        new = NewOrganisation(ura=body.ura, name=body.name)
        once = once_of(request, operator, body, organisation_view)
        change = register_organisation(self._desk, operator, new, once)
        return await answered(change, organisation_view, 201)

    async def _operator(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, OperatorRequest)
        new = NewOperator(
            role=body.role,
            ura=body.ura,
            certificate=body.certificate,
            person=None if body.person is None else _known_person(body.person),
        )
        once = once_of(request, operator, body, operator_view)
        change = register_operator(self._desk, operator, new, once)
        return await answered(change, operator_view, 201)

    async def _take_back(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        taken = PersonId(request.match_info["operator_id"])
        once = once_of(request, operator, None, operator_removed_view)
        change = take_back_operator(self._desk, operator, taken, once)
        return await answered(change, operator_removed_view)

    async def _certificate(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        serial = SerialNumber.parse(request.match_info["serial"])
        state = await certificate_for_operator(self._desk, operator, serial)
        return json_response(certificate_view(state))

    async def _responder(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, ResponderRequest)
        certificate = await enrol_responder(self._desk, operator, body.issuer, body.pkcs10)
        return json_response(ResponderView(certificate=certificate), 201)

    async def _operator_of(self, request: web.Request) -> Operator:
        return await operator_of(self._desk, self._peer_certificate(request))


def _known_person(person: OperatorPerson) -> KnownPerson:
    name = PersonName(
        surname=person.surname, given_names=person.given_names, common_name=person.common_name
    )
    return KnownPerson(uzi_number=person.uzi_number, name=name)
