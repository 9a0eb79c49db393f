"""Which organisations manage a card: reading, linking, unlinking."""

from http import HTTPStatus

from aiohttp import web

from issuance.http.bodies import body_of, card_id_of, json_response
from issuance.http.once import answered, once_of
from issuance.http.peers import AskedByOperators
from issuance.http.table.route import Caller, Key, Route
from issuance.http.views import card_view
from issuance.linking.link_card import (
    LinkChange,
    Management,
    link_card,
    management,
    unlink_card,
)
from issuance.rules.permissions import Action
from pki.api.linking import LinkChangedView, LinkRequest, LinksView, UnlinkRequest
from pki.api.wire import ChangeView


class LinkRoutes(AskedByOperators):
    """For operators, of their own organisation; for the ZORG-ID team, of any."""

    def routes(self) -> list[Route]:
        """The lines of the table."""
        return [
            Route(
                method="POST",
                path="/v1/cards/link",
                handler=self._link,
                operation="linkCard",
                about="Let an organisation manage the card of a person.",
                caller=Caller.OPERATOR,
                action=Action.LINK_CARD,
                body=LinkRequest,
                answer=LinkChangedView,
                key=Key.MAY,
                refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
            ),
            Route(
                method="GET",
                path="/v1/cards/{card_id}/links",
                handler=self._links,
                operation="readLinks",
                about="Read which organisations manage a card.",
                caller=Caller.OPERATOR,
                action=Action.READ_CARD,
                answer=LinksView,
            ),
            Route(
                method="POST",
                path="/v1/cards/{card_id}/unlink",
                handler=self._unlink,
                operation="unlinkCard",
                about="Let an organisation no longer manage a card.",
                caller=Caller.OPERATOR,
                action=Action.UNLINK_CARD,
                body=UnlinkRequest,
                answer=LinkChangedView,
                key=Key.MAY,
                refusals=(HTTPStatus.CONFLICT,),
            ),
        ]

    async def _link(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, LinkRequest)
        once = once_of(request, operator, body, _changed_view)
        change = link_card(self._desk_of(operator), operator, body.uzi_number, body.ura, once)
        return await answered(change, _changed_view)

    async def _unlink(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, UnlinkRequest)
        card_id, once = card_id_of(request), once_of(request, operator, body, _changed_view)
        change = unlink_card(self._desk_of(operator), operator, card_id, body.ura, once)
        return await answered(change, _changed_view)

    async def _links(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        found = await management(self._desk, operator, card_id_of(request))
        return json_response(_links_view(found))


def _links_view(found: Management) -> LinksView:
    return LinksView(
        card=card_view(found.card), organisations=list(found.organisations), ends_at=found.ends_at
    )


def _changed_view(change: LinkChange) -> LinkChangedView:
    moment = ChangeView(position=change.entry.position, at=change.entry.at)
    return LinkChangedView(links=_links_view(change.management), change=moment)
