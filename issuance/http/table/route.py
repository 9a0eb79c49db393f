"""One line of the table of routes: what registers a route is what describes it."""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any

from aiohttp import web

from issuance.rules.permissions import MAY, Action, Reach
from pki.api.base import Wire

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Caller(Enum):
    """How a route knows who asks."""

    ANYONE = "anyone"
    HOLDER = "a session's bearer token"
    OPERATOR = "an operator's client certificate, or a log-in's bearer token"
    TELEPHONE = "the client certificate of an operator's ZORG-ID Mobiel"
    LOGIN = "a log-in's bearer token"
    CERTIFICATE = "a client certificate that is no operator's yet"
    HOLDER_OR_OPERATOR = "a bearer token, or an operator's client certificate"


class Key(Enum):
    """Whether a change can be sent again under an Idempotency-Key."""

    NONE = "none"
    MAY = "may be given"
    MUST = "must be given"


class Again(Enum):
    """What comes of sending the same again, where that needs no key."""

    NOTHING = "it only reads"
    SO_ALREADY = "what it asks for is so already, and is answered as the first time"
    ONE_USE = "what it shows is good once, so that nothing happens twice"
    ANOTHER = "another one is made; the one before ends, at once or by itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A member of the query; ``kind`` is its wire type."""

    name: str
    kind: Any
    about: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route: where, for whom, what comes in and what goes out.

    ``operation`` is its stable name in the OpenAPI document. ``action`` is the line of the
    permission table that decides, where an operator asks. ``versioned``: a GET answers with an
    ETag, a change takes an If-Match. ``again`` says why one that is no GET needs no ``key``.
    ``media`` is what is answered where that is no wire type: such a GET has an ETag and takes an
    If-None-Match. ``refusals`` are statuses that a caller should be ready for besides those that
    follow from the rest.
    """

    method: str
    path: str
    handler: Handler
    operation: str
    about: str
    caller: Caller
    answer: type[Wire] | None
    body: type[Wire] | None = None
    status: HTTPStatus = HTTPStatus.OK
    action: Action | None = None
    key: Key = Key.NONE
    again: Again | None = None
    versioned: bool = False
    media: str = "application/json"
    query: tuple[Query, ...] = ()
    refusals: tuple[HTTPStatus, ...] = ()

    @property
    def roles(self) -> str:
        """Which operators may ask, in words."""
        if self.action is None:
            return ""
        reach = {role.value: may[self.action] for role, may in MAY.items() if self.action in may}
        words = {
            Reach.LINKED: " (for cards linked to their organisation)",
            Reach.OWN: " (for their own organisation)",
            Reach.EVERYWHERE: "",
        }
        return ", ".join(f"{role}{words[reach[role]]}" for role in sorted(reach))


def definitions(table: Iterable[Route]) -> list[web.RouteDef]:
    """What to add to the application. No parameter takes what is a path of its own.

    Else ``GET /v1/cards/search`` would be answered as a card of that id, and not with 405.
    """
    routes = tuple(table)
    paths = [each.path.split("/") for each in routes]
    return [
        web.RouteDef(each.method, _pattern(each.path, paths), each.handler, {}) for each in routes
    ]


def _pattern(path: str, paths: Sequence[Sequence[str]]) -> str:
    """The path as the router reads it, with its parameters narrowed."""
    parts = path.split("/")
    narrowed = []
    for at, part in enumerate(parts):
        taken = {
            other[at]
            for other in paths
            if len(other) == len(parts) and other[:at] == parts[:at] and "{" not in other[at]
        }
        if "{" in part and taken:
            words = "|".join(sorted(map(re.escape, taken)))
            narrowed.append(f"{part[:-1]}:(?!(?:{words})$)[^{{}}/]+}}")
        else:
            narrowed.append(part)
    return "/".join(narrowed)
