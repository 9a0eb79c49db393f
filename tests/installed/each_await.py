"""Every suspension of a task that answers an API request, seen from inside the server."""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web
from aiohttp.typedefs import Middleware

from issuance.http import app, middleware

ROOT = Path(__file__).parents[2]


class Watcher(Protocol):
    """Sees what is done, right before and right after it."""

    def before(self, what: str) -> None: ...

    def after(self, what: str) -> None: ...


class EachAwait:
    """Drives the answering of a request, and tells the watcher whenever it waits and goes on."""

    def __init__(self, answering: Awaitable[web.StreamResponse], watcher: Watcher) -> None:
        assert isinstance(answering, Coroutine)
        self._answering = answering
        self._watcher = watcher

    def __await__(self) -> Generator[Any, None, web.StreamResponse]:
        step: Callable[[], Any] = partial(self._answering.send, None)
        while True:
            try:
                waited_for = step()
            except StopIteration as done:
                answer: web.StreamResponse = done.value
                return answer
            place = waiting_line(self._answering)
            self._watcher.before(place)
            try:
                yield waited_for
            except BaseException as error:  # noqa: BLE001 -- cancelling is the coroutine's business
                step = partial(self._answering.throw, error)
            else:
                step = partial(self._answering.send, None)
            self._watcher.after(place)


class OnlyAt:
    """Lets a watcher see one place alone."""

    def __init__(self, place: str, watcher: Watcher) -> None:
        self._place = place
        self._watcher = watcher

    def before(self, what: str) -> None:
        if what == self._place:
            self._watcher.before(what)

    def after(self, what: str) -> None:
        if what == self._place:
            self._watcher.after(what)


def waiting_line(waiting: Any) -> str:
    """Which line of the service waits, and for which one of an adapter: ``file:number``, each."""
    lines: dict[bool, str] = {}
    while waiting is not None:
        frame = getattr(waiting, "cr_frame", None)
        if frame is not None:
            path = Path(frame.f_code.co_filename)
            folder = path.relative_to(ROOT).parts[0] if path.is_relative_to(ROOT) else ""
            if folder in _OURS:
                lines[folder == "pki"] = f"{path.relative_to(ROOT)}:{frame.f_lineno}"
        waiting = getattr(waiting, "cr_await", None)
    return ">".join(lines.values())


_OURS = {"issuance", "server", "pki"}


def watch_awaits(watcher: Watcher) -> None:
    """Let the watcher see every suspension of every task that answers an API request."""
    around_requests = middleware.around_requests

    def replacement(*given: Any) -> Middleware:
        inner = around_requests(*given)

        @web.middleware
        async def handle(request: web.Request, handler: Any) -> web.StreamResponse:
            return await EachAwait(inner(request, handler), watcher)

        return handle

    setattr(app, "around_requests", replacement)  # noqa: B010 -- a name that it does not export
