"""Which organisations manage a card: reading, linking, unlinking."""

from aiohttp import web

from issuance.desk import Desk
from issuance.http.bodies import body_of, card_id_of, json_response
from issuance.http.peers import PeerCertificate
from issuance.http.views import card_view
from issuance.linking.link_card import (
    LinkChange,
    Management,
    link_card,
    management,
    unlink_card,
)
from issuance.steps.callers import operator_of
from pki.api.linking import LinkChangedView, LinkRequest, LinksView, UnlinkRequest
from pki.api.wire import ChangeView
from pki.domain.people import Operator


class LinkRoutes:
    """For operators, of their own organisation; for the ZORG-ID team, of any."""

    def __init__(self, desk: Desk, peer_certificate: PeerCertificate) -> None:
        self._desk = desk
        self._peer_certificate = peer_certificate

    def routes(self) -> list[web.RouteDef]:
        """What to add to the application."""
        return [
            web.post("/v1/cards/link", self._link),
            web.get("/v1/cards/{card_id}/links", self._links),
            web.post("/v1/cards/{card_id}/unlink", self._unlink),
        ]

    async def _link(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, LinkRequest)
        change = await link_card(self._desk, operator, body.uzi_number, body.ura)
        return json_response(_changed_view(change))

    async def _unlink(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, UnlinkRequest)
        change = await unlink_card(self._desk, operator, card_id_of(request), body.ura)
        return json_response(_changed_view(change))

    async def _links(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        found = await management(self._desk, operator, card_id_of(request))
        return json_response(_links_view(found))

    async def _operator_of(self, request: web.Request) -> Operator:
        return await operator_of(self._desk, self._peer_certificate(request))


def _links_view(found: Management) -> LinksView:
    return LinksView(
        card=card_view(found.card), organisations=list(found.organisations), ends_at=found.ends_at
    )


def _changed_view(change: LinkChange) -> LinkChangedView:
    moment = ChangeView(position=change.entry.position, at=change.entry.at)
    return LinkChangedView(links=_links_view(change.management), change=moment)
