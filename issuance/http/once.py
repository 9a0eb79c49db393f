"""Changes under an Idempotency-Key: the same request again gets the same answer."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from aiohttp import web

from issuance.http.bodies import idempotency_key_of, json_response
from issuance.steps.once import AnsweredBefore, Once
from pki.api.base import Wire
from pki.domain.people import Operator

REPLAYED: Final = "Idempotent-Replayed"
"""Says in an answer that it was given before and nothing was changed now."""

T = TypeVar("T")


def once_of(
    request: web.Request, operator: Operator, body: Wire | None, view: Callable[[T], Wire]
) -> Once[T] | None:
    """What the request's Idempotency-Key stands for; None without one.

    Raises:
        Malformed: given twice, or of another form.
    """
    if "Idempotency-Key" not in request.headers:
        return None
    content = "" if body is None else body.to_json()
    asked = f"{request.method} {request.path}\n{content}"
    return Once(
        asker=operator.id,
        key=idempotency_key_of(request),
        request_sha256=hashlib.sha256(asked.encode()).digest(),
        render=lambda result: view(result).to_json(),
    )


async def answered(
    change: Awaitable[T], view: Callable[[T], Wire], status: int = 200
) -> web.Response:
    """The answer to a change: of now, or of the first time it was asked."""
    try:
        return json_response(view(await change), status)
    except AnsweredBefore as before:
        return web.Response(
            status=status,
            text=before.text,
            content_type="application/json",
            headers={REPLAYED: "true"},
        )
