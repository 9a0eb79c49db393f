"""Registering organisations, operators and status nodes, with a client certificate."""

from http import HTTPStatus

from aiohttp import web

from issuance.http.bodies import body_of, json_response
from issuance.http.once import answered, once_of
from issuance.http.peers import AskedByOperators
from issuance.http.table.route import Again, Caller, Key, Route
from issuance.http.views import operator_removed_view, operator_view, organisation_view
from issuance.operators.take_back import take_back_operator
from issuance.register_operator import NewOperator, register_operator
from issuance.register_organisation import NewOrganisation, register_organisation
from issuance.rules.permissions import Action
from issuance.steps.responders import enrol_responder
from pki.api.wire import (
    OperatorRemovedView,
    OperatorRequest,
    OperatorView,
    OrganisationRequest,
    OrganisationView,
    ResponderRequest,
    ResponderView,
)
from pki.domain.identifiers import PersonId


class RegistrationRoutes(AskedByOperators):
    """For the ZORG-ID team; a status node has its own key certified."""

    def routes(self) -> list[Route]:
        """The lines of the table."""
        return [self._organisations(), *self._operators(), self._responders()]

    def _organisations(self) -> Route:
        return Route(
            method="POST",
            path="/v1/organisations",
            handler=self._organisation,
            operation="registerOrganisation",
            about="Register an organisation whose passes may be used to make cards.",
            caller=Caller.OPERATOR,
            action=Action.REGISTER_ORGANISATION,
            body=OrganisationRequest,
            answer=OrganisationView,
            status=HTTPStatus.CREATED,
            key=Key.MAY,
            refusals=(HTTPStatus.CONFLICT,),
        )

    def _operators(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/operators",
                handler=self._operator,
                operation="registerOperator",
                about="Map a client certificate to a role.",
                caller=Caller.OPERATOR,
                action=Action.REGISTER_OPERATOR,
                body=OperatorRequest,
                answer=OperatorView,
                status=HTTPStatus.CREATED,
                key=Key.MAY,
                refusals=(HTTPStatus.CONFLICT,),
            ),
            Route(
                method="DELETE",
                path="/v1/operators/{operator_id}",
                handler=self._take_back,
                operation="takeBackOperator",
                about="Take back every client certificate of an operator.",
                caller=Caller.OPERATOR,
                action=Action.REMOVE_OPERATOR,
                answer=OperatorRemovedView,
                key=Key.MAY,
                refusals=(HTTPStatus.CONFLICT,),
            ),
        ]

    def _responders(self) -> Route:
        return Route(
            method="POST",
            path="/v1/responder-certificates",
            handler=self._responder,
            operation="certifyResponder",
            about="Certify the OCSP key of a status node.",
            again=Again.ANOTHER,
            caller=Caller.OPERATOR,
            action=Action.CERTIFY_RESPONDER,
            body=ResponderRequest,
            answer=ResponderView,
            status=HTTPStatus.CREATED,
            refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
        )

    async def _organisation(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, OrganisationRequest)
        new = NewOrganisation(ura=body.ura, name=body.name)
        once = once_of(request, operator, body, organisation_view)
        change = register_organisation(self._desk_of(operator), operator, new, once)
        return await answered(change, organisation_view, 201)

    async def _operator(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, OperatorRequest)
        new = NewOperator(
            role=body.role,
            ura=body.ura,
            certificate=body.certificate,
            person=None if body.person is None else body.person.known,
            supplier=body.supplier,
        )
        once = once_of(request, operator, body, operator_view)
        change = register_operator(self._desk_of(operator), operator, new, once)
        return await answered(change, operator_view, 201)

    async def _take_back(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        taken = PersonId(request.match_info["operator_id"])
        once = once_of(request, operator, None, operator_removed_view)
        change = take_back_operator(self._desk_of(operator), operator, taken, once)
        return await answered(change, operator_removed_view)

    async def _responder(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, ResponderRequest)
        certificate = await enrol_responder(
            self._desk_of(operator), operator, body.issuer, body.pkcs10
        )
        return json_response(ResponderView(certificate=certificate), 201)
