"""`/healthz`, `/readyz` and `/metrics` on a listener of their own, for loopback only."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

IDLE_SECONDS: Final = 30.0
"""From the last answer until the next request's head is whole."""

Check = Callable[[], Awaitable[str | None]]
"""Gives None when all is well, else one sentence that says what is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """What the listener asks: named readiness checks, and the metrics as Prometheus text."""

    checks: Mapping[str, Check]
    metrics: Callable[[], Awaitable[bytes]]


class HealthListener:
    """Serves the probes over HTTP."""

    def __init__(self, listen: str) -> None:
        self._host, _, self._port = listen.rpartition(":")

    async def serve(self, probes: Probes, stop: asyncio.Event) -> None:
        """Answer until ``stop``.

        Raises:
            OSError: the address cannot be listened on.
        """
        runner = _Runner(
            application(probes),
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=1.0,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host.strip("[]"), int(self._port)).start()
            await stop.wait()
        finally:
            await runner.cleanup()


class _Connection(web.RequestHandler):
    """One connection. What is no HTTP may be anything, also a secret: it is not repeated."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        del message
        return super().handle_error(request, status, exc, "this is no HTTP request")


class _Server(web.Server):
    """Makes those connections."""

    def __call__(self) -> _Connection:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    """Runs an application with them."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory, **self._kwargs)


_PROBES = web.AppKey("probes", Probes)


def application(probes: Probes) -> web.Application:
    """Make the listener's application."""
    app = web.Application()
    app[_PROBES] = probes
    app.router.add_get("/healthz", _alive)
    app.router.add_get("/health", _alive)
    app.router.add_get("/readyz", _ready)
    app.router.add_get("/metrics", _metrics)
    return app


async def _alive(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def examined(probes: Probes) -> Mapping[str, str]:
    """The checks that fail now, and why."""
    found = {name: await check() for name, check in probes.checks.items()}
    return {name: why for name, why in found.items() if why is not None}


async def _ready(request: web.Request) -> web.Response:
    probes = request.app[_PROBES]
    failing = await examined(probes)
    body = {
        "status": "not ready" if failing else "ok",
        "failing": failing,
        "checked": sorted(probes.checks),
    }
    return web.json_response(body, status=503 if failing else 200)


async def _metrics(request: web.Request) -> web.Response:
    body = await request.app[_PROBES].metrics()
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})
