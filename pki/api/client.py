"""The API as Python calls. One `IssuanceClient` a desk; safe to share between tasks."""

from typing import Final

from pydantic import JsonValue, TypeAdapter

from pki.api.about import ProblemsView
from pki.api.calls.attribute import AttributeCalls
from pki.api.calls.card import CardCalls
from pki.api.calls.holder import HolderCalls
from pki.api.calls.login import LoginCalls
from pki.api.calls.mobiel import MobielCalls
from pki.api.calls.notice import NoticeCalls
from pki.api.calls.operator import OperatorCalls
from pki.api.calls.organisation import OrganisationCalls
from pki.api.wire import ResponderRequest, ResponderView

_DOCUMENT: Final = TypeAdapter(dict[str, JsonValue])


class IssuanceClient(
    HolderCalls,
    CardCalls,
    OrganisationCalls,
    OperatorCalls,
    AttributeCalls,
    NoticeCalls,
    MobielCalls,
    LoginCalls,
):
    """Calls one server over TLS. Every method may raise what `pki.api.errors` names.

    A client certificate in ``tls`` makes the caller an operator, and so does ``login``, the token
    that a telephone approved; a bearer token of a pass makes a holder.
    """

    async def certify_responder(self, request: ResponderRequest) -> ResponderView:
        """Certify the OCSP key of a status node (that node)."""
        return await self._post("/v1/responder-certificates", request, ResponderView)

    async def problems(self) -> ProblemsView:
        """Read every kind of problem there is."""
        return await self._call("GET", "/v1/problems", ProblemsView)

    async def openapi(self) -> dict[str, JsonValue]:
        """Read the OpenAPI document: what this server's version of the API is."""
        return await self._exchange("GET", "/v1/openapi.json", _DOCUMENT.validate_json)
