"""Organisations: prepared and ended by the ZORG-ID team, finished by who speaks for them, read."""

from http import HTTPStatus

from aiohttp import web

from issuance.http.bodies import body_of, json_response
from issuance.http.conditions import seen_by, tagged
from issuance.http.once import answered, once_of
from issuance.http.peers import AskedByOperators
from issuance.http.routes.operator import appointed_view
from issuance.http.table.route import Again, Caller, Key, Route
from issuance.http.views import operator_view, organisation_found_view, organisation_view
from issuance.open_session import PassProof
from issuance.organisations.end import (
    OrganisationChange,
    close_organisation,
    merge_organisations,
)
from issuance.organisations.finish import finish_by_document, finish_by_pass
from issuance.organisations.prepare import prepare_organisation
from issuance.organisations.reading import read_organisation, search_organisations
from issuance.register_organisation import NewOrganisation
from issuance.rules.permissions import Action
from issuance.steps.terms import Terms
from pki.api.base import Wire
from pki.api.registration import (
    CloseRequest,
    FinishByDocumentRequest,
    FinishByPassRequest,
    FinishedByDocumentView,
    FinishedByPassView,
    MergeRequest,
    OrganisationChangedView,
    PreparationRequest,
)
from pki.api.search import OrganisationFoundView, OrganisationSearchRequest, OrganisationsView
from pki.api.wire import ChangeView, OrganisationView
from pki.domain.identifiers import Ura
from pki.domain.people import Operator
from pki.domain.search.organisations import OrganisationSearch

_OF_STRANGERS = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS,
)


class OrganisationRoutes(AskedByOperators):
    """From preparation to closing or merging."""

    def routes(self) -> list[Route]:
        """The lines of the table."""
        return [self._preparing(), *self._finishing(), *self._ending(), *self._reading()]

    def _preparing(self) -> Route:
        return Route(
            method="POST",
            path="/v1/registrations",
            handler=self._prepare,
            operation="prepareOrganisation",
            about="Prepare a registration, for the organisation's representative to finish.",
            caller=Caller.OPERATOR,
            action=Action.REGISTER_ORGANISATION,
            body=PreparationRequest,
            answer=OrganisationView,
            status=HTTPStatus.CREATED,
            key=Key.MAY,
            refusals=(HTTPStatus.CONFLICT,),
        )

    def _finishing(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/registrations/pass",
                handler=self._by_pass,
                operation="finishRegistrationByPass",
                about="Finish the registration of the organisation that a UZI pass names.",
                again=Again.ONE_USE,
                caller=Caller.ANYONE,
                body=FinishByPassRequest,
                answer=FinishedByPassView,
                refusals=_OF_STRANGERS,
            ),
            Route(
                method="POST",
                path="/v1/registrations/document",
                handler=self._by_document,
                operation="finishRegistrationByDocument",
                about="Finish a registration with XML that a UZI server certificate signed.",
                again=Again.ONE_USE,
                caller=Caller.ANYONE,
                body=FinishByDocumentRequest,
                answer=FinishedByDocumentView,
                refusals=_OF_STRANGERS,
            ),
        ]

    def _ending(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/organisations/close",
                handler=self._close,
                operation="closeOrganisation",
                about="Say that an organisation no longer exists; its passes stay good for cards.",
                caller=Caller.OPERATOR,
                action=Action.CLOSE_ORGANISATION,
                body=CloseRequest,
                answer=OrganisationChangedView,
                key=Key.MAY,
                versioned=True,
                refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
            ),
            Route(
                method="POST",
                path="/v1/organisations/merge",
                handler=self._merge,
                operation="mergeOrganisations",
                about="Let an organisation go into another one, with its operators and cards.",
                caller=Caller.OPERATOR,
                action=Action.MERGE_ORGANISATIONS,
                body=MergeRequest,
                answer=OrganisationChangedView,
                key=Key.MAY,
                versioned=True,
                refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
            ),
        ]

    def _reading(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/organisations/search",
                handler=self._search,
                operation="searchOrganisations",
                about="Find the organisations that the operator may see.",
                again=Again.NOTHING,
                caller=Caller.OPERATOR,
                action=Action.READ_ORGANISATION,
                body=OrganisationSearchRequest,
                answer=OrganisationsView,
            ),
            Route(
                method="GET",
                path="/v1/organisations/{ura}",
                handler=self._read,
                operation="readOrganisation",
                about="Read an organisation.",
                caller=Caller.OPERATOR,
                action=Action.READ_ORGANISATION,
                answer=OrganisationFoundView,
                versioned=True,
            ),
        ]

    async def _prepare(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, PreparationRequest)
        new = NewOrganisation(ura=body.ura, name=body.name)
        once = once_of(request, operator, body, organisation_view)
        change = prepare_organisation(self._desk_of(operator), operator, new, body.kind, once)
        return await answered(change, organisation_view, 201)

    async def _by_pass(self, request: web.Request) -> web.Response:
        self._desk.restraint.peer(request.remote, "session")
        body = await body_of(request, FinishByPassRequest)
        proof = PassProof(
            challenge_id=body.challenge_id,
            certificate=body.certificate,
            signature=body.signature,
            algorithm=body.algorithm,
        )
        finished = await finish_by_pass(self._desk, proof)
        return json_response(
            FinishedByPassView(
                organisation=organisation_view(finished.organisation),
                appointment=appointed_view(finished.appointed),
            )
        )

    async def _by_document(self, request: web.Request) -> web.Response:
        self._desk.restraint.peer(request.remote, "session")
        body = await body_of(request, FinishByDocumentRequest)
        finished = await finish_by_document(self._desk, body.document)
        return json_response(
            FinishedByDocumentView(
                organisation=organisation_view(finished.organisation),
                administrator=operator_view(finished.administrator),
            )
        )

    async def _close(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, CloseRequest)
        terms = _terms(request, operator, body)
        change = close_organisation(self._desk_of(operator), operator, body.ura, terms)
        return await answered(change, _changed_view)

    async def _merge(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, MergeRequest)
        terms = _terms(request, operator, body)
        change = merge_organisations(
            self._desk_of(operator), operator, (body.ura, body.into), terms
        )
        return await answered(change, _changed_view)

    async def _search(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, OrganisationSearchRequest)
        search = OrganisationSearch(
            name=body.name, state=body.state, kind=body.kind, limit=body.limit
        )
        found = await search_organisations(self._desk, operator, search, body.cursor)
        organisations = [organisation_found_view(each) for each in found.organisations]
        return json_response(
            OrganisationsView(organisations=organisations, next_cursor=found.cursor)
        )

    async def _read(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        ura = Ura(request.match_info["ura"])
        view = organisation_found_view(await read_organisation(self._desk, operator, ura))
        return tagged(json_response(view), view.version)


def _terms(request: web.Request, operator: Operator, body: Wire) -> Terms[OrganisationChange]:
    return Terms(once=once_of(request, operator, body, _changed_view), seen=seen_by(request))


def _changed_view(change: OrganisationChange) -> OrganisationChangedView:
    return OrganisationChangedView(
        organisation=organisation_view(change.organisation),
        change=ChangeView(position=change.entry.position, at=change.entry.at),
    )
