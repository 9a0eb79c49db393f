"""What people do for organisations: given, read, withdrawn."""

from http import HTTPStatus

from aiohttp import web

from issuance.attributes.give import (
    NewAttribute,
    attributes_for,
    give_attribute,
    withdraw_attribute,
)
from issuance.http.bodies import body_of, json_response
from issuance.http.once import answered, once_of
from issuance.http.peers import AskedByOperators
from issuance.http.table.route import Again, Caller, Key, Route
from issuance.rules.permissions import Action
from issuance.steps.callers import organisation_asked
from pki.api.people.attributes import (
    AttributeRequest,
    AttributeSearchRequest,
    AttributesView,
    AttributeView,
)
from pki.domain.attributes.records import Attribute
from pki.domain.identifiers import AttributeId


class AttributeRoutes(AskedByOperators):
    """For operators, of their own organisation; for the ZORG-ID team, of any it names."""

    def routes(self) -> list[Route]:
        """The lines of the table."""
        return [
            Route(
                method="POST",
                path="/v1/attributes",
                handler=self._give,
                operation="giveAttribute",
                about="Say what somebody's task at an organisation is; once more changes nothing.",
                caller=Caller.OPERATOR,
                action=Action.GIVE_ATTRIBUTE,
                body=AttributeRequest,
                answer=AttributeView,
                status=HTTPStatus.CREATED,
                key=Key.MAY,
                refusals=(HTTPStatus.NOT_FOUND,),
            ),
            Route(
                method="POST",
                path="/v1/attributes/search",
                handler=self._search,
                operation="searchAttributes",
                about="Read what somebody's tasks at an organisation are.",
                again=Again.NOTHING,
                caller=Caller.OPERATOR,
                action=Action.READ_ATTRIBUTES,
                body=AttributeSearchRequest,
                answer=AttributesView,
            ),
            Route(
                method="DELETE",
                path="/v1/attributes/{attribute_id}",
                handler=self._withdraw,
                operation="withdrawAttribute",
                about="Say that somebody no longer has a task.",
                caller=Caller.OPERATOR,
                action=Action.GIVE_ATTRIBUTE,
                answer=AttributeView,
                key=Key.MAY,
            ),
        ]

    async def _give(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, AttributeRequest)
        new = NewAttribute(
            uzi_number=body.uzi_number,
            ura=organisation_asked(operator, Action.GIVE_ATTRIBUTE, body.ura),
            type=body.type,
            task_code=body.task_code,
        )
        once = once_of(request, operator, body, _view)
        change = give_attribute(self._desk_of(operator), operator, new, once)
        return await answered(change, _view, HTTPStatus.CREATED)

    async def _search(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, AttributeSearchRequest)
        ura = organisation_asked(operator, Action.READ_ATTRIBUTES, body.ura)
        found = await attributes_for(self._desk, operator, body.uzi_number, ura)
        return json_response(AttributesView(attributes=[_view(each) for each in found]))

    async def _withdraw(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        attribute_id = AttributeId(request.match_info["attribute_id"])
        once = once_of(request, operator, None, _view)
        return await answered(
            withdraw_attribute(self._desk_of(operator), operator, attribute_id, once), _view
        )


def _view(attribute: Attribute) -> AttributeView:
    return AttributeView(
        attribute_id=attribute.id,
        ura=attribute.ura,
        type=attribute.type,
        task_code=attribute.task_code,
        since=attribute.since,
    )
