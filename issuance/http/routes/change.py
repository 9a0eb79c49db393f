"""What became of a change, for operators, with a client certificate."""

import re
from typing import Final

from aiohttp import web

from issuance.http.bodies import json_response
from issuance.http.peers import AskedByOperators
from issuance.http.table.route import Caller, Route
from issuance.receipts.tell import ChangeTold, change_for_operator
from issuance.rules.permissions import Action
from pki.api.receipts import ChangeReceiptView, ShownView
from pki.api.wire import ChangeView
from pki.domain.errors import Malformed
from pki.domain.evidence.receipts import Receipt

_POSITION: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


class ChangeRoutes(AskedByOperators):
    """Receipts."""

    def routes(self) -> list[Route]:
        """The lines of the table."""
        return [
            Route(
                method="GET",
                path="/v1/changes/{position}",
                handler=self._change,
                operation="readChange",
                about="Read when a change was made, and since when OCSP, CRL and LDAP show it.",
                caller=Caller.OPERATOR,
                action=Action.READ_CARD,
                answer=ChangeReceiptView,
            )
        ]

    async def _change(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        position = request.match_info["position"]
        if not _POSITION.fullmatch(position):
            raise Malformed(what="position", message="a change is named by a decimal number")
        return json_response(_view(await change_for_operator(self._desk, operator, int(position))))


def _view(told: ChangeTold) -> ChangeReceiptView:
    entry = told.entry
    return ChangeReceiptView(
        change=ChangeView(position=entry.position, at=entry.at),
        kind=entry.event.KIND,
        card_id=told.card,
        mobiel_id=told.mobiel,
        serial=told.serial,
        shown=[_shown(told, each) for each in told.receipts],
    )


def _shown(told: ChangeTold, receipt: Receipt) -> ShownView:
    at = receipt.shown_at
    return ShownView(
        sink=receipt.sink,
        shown_at=at,
        seconds=None if at is None else max(0.0, (at - told.entry.at).total_seconds()),
        sha256=None if receipt.sha256 is None else receipt.sha256.hex(),
        superseded_by=receipt.superseded_by,
    )
