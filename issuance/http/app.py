"""Puts the API together, and on a socket."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from issuance.desk import Desk
from issuance.http.bodies import BODY_LIMIT
from issuance.http.connections import ENTROPY, ProblemRunner, WatchedTls
from issuance.http.entrance import Entrance, listening_at
from issuance.http.middleware import Bound, around_requests, unbound
from issuance.http.peers import PeerCertificate, peer_certificate
from issuance.http.routes.about import AboutRoutes
from issuance.http.routes.card import CardRoutes
from issuance.http.routes.change import ChangeRoutes
from issuance.http.routes.holder import HolderRoutes
from issuance.http.routes.link import LinkRoutes
from issuance.http.routes.mobiel import MobielRoutes
from issuance.http.routes.notice import NoticeRoutes
from issuance.http.routes.operator import OperatorRoutes
from issuance.http.routes.organisation import OrganisationRoutes
from issuance.http.routes.people.attribute import AttributeRoutes
from issuance.http.routes.people.login import LoginRoutes
from issuance.http.routes.registration import RegistrationRoutes
from issuance.http.routes.statement import StatementRoutes
from issuance.http.table.route import Route, definitions
from issuance.notices.desk import NoticeDesk
from issuance.statement.make import Statements

_LINE_LIMIT: Final = 4096
_HEADER_LIMIT: Final = 4096
_HEADERS: Final = 64
_KEEPALIVE_SECONDS: Final = 30.0
"""From the last answer, or the beginning, until the next request's head is whole."""

_LINGER_SECONDS: Final = 2.0
"""How long what is left of a body that nobody reads may take before the connection ends."""

_SHUTDOWN_SECONDS: Final = 10.0


def create_app(
    desk: Desk,
    *,
    peers: PeerCertificate = peer_certificate,
    statements: Statements | None = None,
    notices: NoticeDesk | None = None,
    bound: Bound = unbound,
) -> web.Application:
    """The API as an aiohttp application. ``peers`` finds the client certificate of a request.

    Without ``statements`` there is no route that asks about the past, without ``notices`` none
    about those. ``bound`` puts a request's id
    on the lines that are logged while it is answered.
    """
    around = around_requests(desk.entropy, bound)
    app = web.Application(middlewares=[around], client_max_size=BODY_LIMIT)
    app[ENTROPY] = desk.entropy
    app.add_routes(definitions(api_table(desk, peers, statements, notices)))
    return app


def api_table(
    desk: Desk,
    peers: PeerCertificate,
    statements: Statements | None,
    notices: NoticeDesk | None = None,
) -> tuple[Route, ...]:
    """Every route of the API; the last ones describe all of them."""
    table = [
        *HolderRoutes(desk).routes(),
        *CardRoutes(desk, peers).routes(),
        *LinkRoutes(desk, peers).routes(),
        *ChangeRoutes(desk, peers).routes(),
        *RegistrationRoutes(desk, peers).routes(),
        *OrganisationRoutes(desk, peers).routes(),
        *OperatorRoutes(desk, peers).routes(),
        *AttributeRoutes(desk, peers).routes(),
        *MobielRoutes(desk, peers).routes(),
        *LoginRoutes(desk, peers).routes(),
    ]
    if notices is not None:
        table += NoticeRoutes(desk, peers, notices).routes()
    if statements is not None:
        table += StatementRoutes(desk, peers, statements).routes()
    return (*table, *AboutRoutes(table).routes())


@asynccontextmanager
async def serving(
    app: web.Application,
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None,
    entrance: Entrance | None = None,
) -> AsyncIterator[int]:
    """Serve until the block ends; gives the port (of use with port 0).

    aiohttp's own access log is off: it writes paths and queries, which hold UZI numbers. Nothing is
    decompressed: a body of a few octets cannot become a large one.

    Raises:
        OSError: the address cannot be listened on.
    """
    if tls is not None:
        tls.sslobject_class = WatchedTls
    runner = ProblemRunner(
        app,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=_KEEPALIVE_SECONDS,
        max_line_size=_LINE_LIMIT,
        max_field_size=_HEADER_LIMIT,
        max_headers=_HEADERS,
        lingering_time=_LINGER_SECONDS,
        shutdown_timeout=_SHUTDOWN_SECONDS,
    )
    sockets = await listening_at(host, port)
    async with runner.open(entrance or Entrance(), sockets, tls):
        yield sockets[0].getsockname()[1]
