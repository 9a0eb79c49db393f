"""What the API says of itself, to anyone."""

import asyncio
import json
from collections.abc import Sequence

from aiohttp import web

from issuance.http.bodies import json_response
from issuance.http.catalogue import problems
from issuance.http.table.document import openapi
from issuance.http.table.route import Caller, Route
from pki.api.about import ProblemsView


class AboutRoutes:
    """The OpenAPI document of all routes, its own included, and the catalogue of problems."""

    def __init__(self, others: Sequence[Route]) -> None:
        self._others = tuple(others)
        self._document: str | None = None
        self._problems = problems()

    def routes(self) -> list[Route]:
        """The lines of the table."""
        return [
            Route(
                method="GET",
                path="/v1/openapi.json",
                handler=self._openapi,
                operation="readOpenApi",
                about="Read this document.",
                caller=Caller.ANYONE,
                answer=None,
            ),
            Route(
                method="GET",
                path="/v1/problems",
                handler=self._catalogue,
                operation="readProblems",
                about="Read every kind of problem document there is.",
                caller=Caller.ANYONE,
                answer=ProblemsView,
            ),
        ]

    async def _openapi(self, request: web.Request) -> web.Response:
        del request
        if self._document is None:
            # Made when it is asked for, beside the event loop: it takes longer than a start should.
            self._document = await asyncio.to_thread(self._written)
        return web.Response(text=self._document, content_type="application/json")

    def _written(self) -> str:
        return json.dumps(openapi((*self._others, *self.routes())))

    async def _catalogue(self, request: web.Request) -> web.Response:
        del request
        return json_response(self._problems)
