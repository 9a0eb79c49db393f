"""The API over plain HTTP with fakes behind it; a caller says which certificate is theirs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from fakes.issuance import Surroundings
from fakes.notices import Book, notice_desk
from issuance.http.app import create_app, serving

JSON = {"Content-Type": "application/json"}


@dataclass
class Edge:
    """``peer`` is the client certificate that TLS would have verified."""

    around: Surroundings
    http: aiohttp.ClientSession
    url: str
    book: Book = field(default_factory=Book)
    peer: bytes | None = None

    async def call(
        self,
        method: str,
        path: str,
        body: str | bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, object], Mapping[str, str]]:
        sent = JSON if headers is None else headers
        async with self.http.request(method, self.url + path, data=body, headers=sent) as response:
            return response.status, await response.json(content_type=None), response.headers


@asynccontextmanager
async def at_the_edge(around: Surroundings) -> AsyncIterator[Edge]:
    """Serve the API of this desk."""

    def peers(request: web.Request) -> bytes | None:
        return made.peer

    book = Book()
    app = create_app(around.desk, peers=peers, notices=notice_desk(around, book))
    server = serving(app, host="127.0.0.1", port=0, tls=None)
    async with server as port, aiohttp.ClientSession() as http:
        made = Edge(around=around, http=http, url=f"http://127.0.0.1:{port}", book=book)
        yield made
