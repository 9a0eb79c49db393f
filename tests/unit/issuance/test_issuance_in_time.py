"""A request that waits for something that does not come is answered all the same."""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from issuance.http import middleware
from issuance.http.app import serving
from issuance.http.connections import ENTROPY
from issuance.http.middleware import around_requests
from pki.ports import SystemEntropy


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "ANSWER_SECONDS", 0.05)


async def never(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def its_own(_request: web.Request) -> web.StreamResponse:
    raise TimeoutError


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("handler", "status", "retry", "says"),
    [(never, 503, "5", "under the same key"), (its_own, 500, None, None)],
)
async def test_it_is_told_to_come_again(
    handler: middleware.Handler, status: int, retry: str | None, says: str | None
) -> None:
    app = web.Application(middlewares=[around_requests(SystemEntropy())])
    app[ENTROPY] = SystemEntropy()
    app.router.add_get("/", handler)
    async with (
        serving(app, host="127.0.0.1", port=0, tls=None) as port,
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}/") as answer,
    ):
        assert (answer.status, answer.headers.get("Retry-After")) == (status, retry)
        next_step = (await answer.json(content_type=None)).get("next_step")
        assert says is None if next_step is None else str(says) in next_step
