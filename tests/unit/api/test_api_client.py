"""The client against answers of every kind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from pki.api.base import Problem
from pki.api.client import IssuanceClient
from pki.api.errors import ProblemAnswered, ServiceUnavailable, ServiceUnreachable
from pki.api.transport import ANSWER_LIMIT
from pki.domain.identifiers import CardId
from pki.domain.reasons import RefusalReason

CARD = CardId("ab" * 16)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def answering(handler: Handler, seconds: float = 60) -> AsyncIterator[IssuanceClient]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with IssuanceClient(f"http://127.0.0.1:{port}/", timeout_seconds=seconds) as client:
            yield client
    finally:
        await runner.cleanup()


def problem(status: int, **more: object) -> str:
    fields = {
        "type": "urn:zorgid:problem:refused",
        "title": "Niet mogelijk",
        "status": status,
        "detail": "Dat kan niet.",
        "detail_en": "No.",
        "instance": "x",
    }
    return Problem.model_validate(fields | more).to_json()


async def test_a_problem_is_typed() -> None:
    async def refuse(request: web.Request) -> web.Response:
        text = problem(403, reason=RefusalReason.PASS_EXPIRED)
        return web.Response(status=403, text=text, content_type="application/problem+json")

    async with answering(refuse) as client:
        with pytest.raises(ProblemAnswered) as raised:
            await client.card(CARD)
    assert raised.value.reason is RefusalReason.PASS_EXPIRED
    assert raised.value.problem_code == "refused"
    assert raised.value.problem.detail == "Dat kan niet."


async def test_unavailable_says_when_to_come_back() -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=503, text=problem(503), headers={"Retry-After": "7"})

    async with answering(busy) as client:
        with pytest.raises(ServiceUnavailable) as raised:
            await client.challenge()
    assert raised.value.retry_after == 7.0


@pytest.mark.parametrize(
    ("status", "text"),
    [(200, "<html>"), (200, "{}"), (500, "oops"), (302, ""), (200, "[" * ANSWER_LIMIT * 2)],
)
async def test_what_is_not_understood_is_unreachable(status: int, text: str) -> None:
    async def odd(request: web.Request) -> web.Response:
        return web.Response(status=status, text=text, headers={"Location": "http://127.0.0.1:1/"})

    async with answering(odd) as client:
        with pytest.raises(ServiceUnreachable):
            await client.card(CARD, token="t" * 43)


@pytest.mark.parametrize("text", ["<html>", "[]", "[" * ANSWER_LIMIT])
async def test_a_document_that_is_none_is_unreachable(text: str) -> None:
    async def odd(request: web.Request) -> web.Response:
        return web.Response(text=text)

    async with answering(odd) as client:
        with pytest.raises(ServiceUnreachable):
            await client.openapi()


async def test_nobody_there_is_unreachable() -> None:
    async with IssuanceClient("http://127.0.0.1:1") as client:
        with pytest.raises(ServiceUnreachable):
            await client.challenge()


@pytest.mark.parametrize("begun", [False, True], ids=["no answer", "half an answer"])
async def test_a_server_that_is_too_slow_is_unreachable(*, begun: bool) -> None:
    ended = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        if begun:
            await answer.prepare(request)
            await answer.write(b"{")
        await ended.wait()
        return answer

    async with answering(slow, seconds=0.3) as client:
        with pytest.raises(ServiceUnreachable):
            await client.challenge()
        ended.set()


async def test_a_token_goes_into_the_authorization_header_alone() -> None:
    seen: list[web.Request] = []

    async def keep(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(status=403, text=problem(403))

    async with answering(keep) as client:
        with pytest.raises(ProblemAnswered):
            await client.card(CARD, token="t" * 43)
    assert seen[0].headers["Authorization"] == "Bearer " + "t" * 43
    assert "ttt" not in str(seen[0].url)
