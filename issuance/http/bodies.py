"""Reading what was sent, strictly, and writing what is answered."""

import asyncio
import json
from typing import Final, TypeVar

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pki.api.base import Wire
from pki.domain.errors import Malformed, Unauthenticated
from pki.domain.identifiers import CardId, IdempotencyKey

BODY_LIMIT: Final = 64 * 1024
"""Octets; the largest body is a PKCS#10 request or a certificate of a few thousand."""

BODY_SECONDS: Final = 15.0
"""How long a whole body may take to arrive."""

Body = TypeVar("Body", bound=Wire)


async def body_of(request: web.Request, kind: type[Body]) -> Body:
    """The request's JSON body.

    Raises:
        web.HTTPException: not JSON by its type, compressed, too large, or too slow.
        Malformed: not one JSON object of this kind, a name twice included.
    """
    if request.content_type != "application/json" or "Content-Encoding" in request.headers:
        raise web.HTTPUnsupportedMediaType
    content = await _content(request)
    try:
        json.loads(content, object_pairs_hook=_once_each)
        return kind.from_json(content)
    except ValidationError as error:
        places = sorted({_place(each) for each in error.errors(include_input=False)})
        raise Malformed(what="body", message=f"wrong: {', '.join(places)[:200]}") from None
    except (ValueError, RecursionError):
        raise Malformed(what="body", message="the body is not JSON") from None


def _place(error: ErrorDetails) -> str:
    """Where in the body. A name that we do not know is the sender's own, and is not repeated."""
    unknown = error["type"] == "extra_forbidden"
    place = (*error["loc"][:-1], "an unknown name") if unknown else error["loc"]
    return ".".join(map(str, place)) or "body"


async def _content(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (web.RequestPayloadError, ConnectionError):
        # A client that went away: the request's fault, not ours.
        raise Malformed(what="body", message="the body did not arrive as announced") from None


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise Malformed(what="body", message="a JSON name occurs twice")
    return names


def card_id_of(request: web.Request) -> CardId:
    """The card in the path.

    Raises:
        Malformed: it has not the form of a card id.
    """
    return CardId(request.match_info["card_id"])


def idempotency_key_of(request: web.Request) -> IdempotencyKey:
    """The one Idempotency-Key.

    Raises:
        Malformed: absent, given twice, or of another form.
    """
    values = request.headers.getall("Idempotency-Key", [])
    if len(values) != 1:
        raise Malformed(what="idempotency key", message="exactly one Idempotency-Key is needed")
    return IdempotencyKey(values[0])


def bearer_of(request: web.Request) -> str | None:
    """The bearer token (RFC 6750 2.1), if there is one.

    Raises:
        Unauthenticated: it holds what no token holds, such as octets that are not ASCII.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    if not token.isascii():
        raise Unauthenticated(message="the bearer token is not one of ours")
    return token


def json_response(body: Wire, status: int = 200) -> web.Response:
    """An answer with a JSON body."""
    return web.Response(status=status, text=body.to_json(), content_type="application/json")
