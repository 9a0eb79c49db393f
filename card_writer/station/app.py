"""The page's server: loopback only, an address that cannot be guessed, nothing from elsewhere."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urljoin

from aiohttp import web

from card_writer.programs.words import Language, Text
from card_writer.station.stage import Stage

HOST: Final = "127.0.0.1"
TOKEN_OCTETS: Final = 24
LONGEST_WAIT_SECONDS: Final = 25.0
IDLE_SECONDS: Final = 30.0
"""From the last answer until the next request's head is whole; a body may take as long."""

_BODY_LIMIT: Final = 4096
_VALUE_LIMIT: Final = 100
_FILES: Final = {
    "": ("index.html", "text/html"),
    "station.js": ("station.js", "text/javascript"),
    "station.css": ("station.css", "text/css"),
}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_OPENED: Final = Text(
    "Dit adres is al een keer geopend. Sluit het programma af en start het opnieuw.",
    "This address was opened before. End the program and start it again.",
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Names that lead elsewhere (DNS rebinding) and other pages' requests get nothing."""
    host = request.host.rpartition(":")[0]
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin", f"http://{request.host}")
    ours = origin == f"http://{request.host}" and site in {"none", "same-origin"}
    if host != HOST or not ours:
        return web.Response(status=403, headers=_HEADERS)
    try:
        answer = await handler(request)
    except web.HTTPException as error:
        return web.Response(status=error.status, headers=_HEADERS)
    answer.headers.update(_HEADERS)
    return answer


class StationApp:
    """Serves one stage under one token; whoever lacks the token finds nothing."""

    def __init__(self, stage: Stage, language: Language) -> None:
        self.token = secrets.token_urlsafe(TOKEN_OCTETS)
        self._way_in = f"/once/{secrets.token_urlsafe(TOKEN_OCTETS)}"
        self._opened = False
        self._stage = stage
        self._language = language
        self._pages = {
            name: (files("card_writer.station").joinpath("page", file).read_bytes(), kind)
            for name, (file, kind) in _FILES.items()
        }

    def app(self) -> web.Application:
        """The application, to be served on loopback."""
        made = web.Application(middlewares=[_guarded], client_max_size=_BODY_LIMIT)
        made.add_routes(
            [
                web.get(self._way_in, self._lead_in, allow_head=False),
                web.get(f"/{self.token}/state", self._state),
                web.post(f"/{self.token}/answer", self._answer),
                web.get(f"/{self.token}/{{name:[a-z.]*}}", self._page),
            ]
        )
        return made

    def once(self, address: str) -> str:
        """Where a browser is sent to reach ``address``; good once.

        A list of processes shows it to others, as an argument of the browser: it leads nowhere by
        then, or else whoever is at the desk reads that somebody was there before.
        """
        return urljoin(address, self._way_in)

    async def _lead_in(self, _request: web.Request) -> web.Response:
        if self._opened:
            return web.Response(status=410, text=_OPENED.say(self._language))
        self._opened = True
        return web.Response(status=303, headers={"Location": f"/{self.token}/"})

    async def _page(self, request: web.Request) -> web.Response:
        found = self._pages.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found[0], content_type=found[1], charset="utf-8")

    async def _state(self, request: web.Request) -> web.Response:
        after = request.query.get("after", "")
        if after.isdecimal():
            await self._stage.changed(int(after), LONGEST_WAIT_SECONDS)
        asked = request.query.get("language")
        language: Language = "en" if asked == "en" else "nl" if asked == "nl" else self._language
        view = self._stage.view(language) | {"language": language}
        return web.json_response(view)

    async def _answer(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                sent = json.loads(await request.read())
        except (ValueError, RecursionError, web.RequestPayloadError):
            raise web.HTTPBadRequest from None
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        question, values = _checked(sent)
        if not self._stage.answer(question, values):
            raise web.HTTPConflict
        return web.Response(status=204)


def _checked(sent: Any) -> tuple[int, dict[str, str]]:  # noqa: ANN401 -- whatever JSON was
    if not isinstance(sent, dict) or set(sent) != {"question", "values"}:
        raise web.HTTPBadRequest
    question, values = sent["question"], sent["values"]
    if type(question) is not int or not isinstance(values, dict):
        raise web.HTTPBadRequest
    for value in values.values():
        if not isinstance(value, str) or len(value) > _VALUE_LIMIT:
            raise web.HTTPBadRequest
    return question, values


@asynccontextmanager
async def listening(station: StationApp, port: int) -> AsyncIterator[str]:
    """Serve it while the block lasts; the address that a browser opens. Port 0: any."""
    runner = web.AppRunner(
        station.app(),
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=IDLE_SECONDS,
        lingering_time=1.0,
        shutdown_timeout=1.0,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}/{station.token}/"
    finally:
        await runner.cleanup()
