"""Starts the server again and again from one interpreter, and lets it kill itself where it is told.

A nursery: the modules are loaded once, every server is a process forked from it. It reads one JSON
object a line and answers each with one number:

    {"start": "zorgid.toml", "log": "file", "point": null}    the process id
    {"wait": 4711}                                            its exit code, negative for a signal

A point ``{"number": 3, "moment": "before"}`` means the third thing that is done on behalf of an API
request, where a thing is a transaction or a signature of the CA: the process is killed, as by a
power cut, right before COMMIT or the signature, or right after it, when nobody has heard of it yet.
A point ``{"record": "file"}`` only writes down what is done.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar

from aiohttp import web
from aiohttp.typedefs import Middleware

import server.roles.enrolment
import server.roles.issuance
import server.roles.publisher
import server.roles.status
from issuance.http import app, middleware
from pki.keys.pool import PooledSigner
from pki.store.writing import Store, WriteSession
from server.process.serve import serve_forever

T = TypeVar("T")
PARTS = (server.roles.enrolment, server.roles.publisher, server.roles.status)
"""Loaded here so that no server needs to."""

_in_request: ContextVar[bool] = ContextVar("_in_request", default=False)


class Watcher(Protocol):
    def before(self, what: str) -> None: ...

    def after(self, what: str) -> None: ...


class Recorder:
    """Writes down what is done, a line each."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def before(self, what: str) -> None:
        with self._path.open("a") as file:
            file.write(f"{what}\n")

    def after(self, what: str) -> None:
        return


class Killer:
    """Counts what is done, and kills this process at one of them."""

    def __init__(self, number: int, moment: str) -> None:
        self._left = number
        self._moment = moment

    def before(self, what: str) -> None:
        self._left -= 1
        if self._left == 0 and self._moment == "before":
            die()

    def after(self, what: str) -> None:
        if self._left == 0 and self._moment == "after":
            die()


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()
    raise AssertionError


def watch(watcher: Watcher) -> None:
    """Let the watcher see every transaction and signature on behalf of an API request."""
    patches: list[tuple[Any, str, object]] = [
        (Store, "write", watched_write(watcher)),
        (PooledSigner, "sign", watched_sign(watcher)),
        (app, "around_requests", marked(middleware.around_requests)),
    ]
    for owner, name, replacement in patches:
        setattr(owner, name, replacement)


def watched_write(watcher: Watcher) -> object:
    write = Store.write

    async def watched(store: Store, work: Callable[[WriteSession], T]) -> T:
        if not _in_request.get():
            return await write(store, work)

        def to_the_brink(session: WriteSession) -> T:
            value = work(session)
            watcher.before("transaction")
            return value

        value = await write(store, to_the_brink)
        watcher.after("transaction")
        return value

    return watched


def watched_sign(watcher: Watcher) -> object:
    sign = PooledSigner.sign

    async def watched(signer: PooledSigner, message: bytes) -> bytes:
        if not _in_request.get():
            return await sign(signer, message)
        watcher.before("signature")
        signature = await sign(signer, message)
        watcher.after("signature")
        return signature

    return watched


def marked(around_requests: Callable[..., Middleware]) -> Callable[..., Middleware]:
    """Know what is done on behalf of a request from what is done beside it."""

    def replacement(*given: object) -> Middleware:
        inner = around_requests(*given)

        @web.middleware
        async def handle(request: web.Request, handler: Any) -> web.StreamResponse:
            _in_request.set(True)
            return await inner(request, handler)

        return handle

    return replacement


def watcher_for(point: dict[str, Any]) -> Watcher:
    if "record" in point:
        return Recorder(Path(point["record"]))
    return Killer(point["number"], point["moment"])


def serve(order: dict[str, Any]) -> NoReturn:
    """Be a server, in a process that was just forked."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if order["point"] is not None:
        watch(watcher_for(order["point"]))
    # An exit like any other, so that whoever measures coverage hears of it.
    sys.exit(serve_forever(Path(order["start"]), "all"))


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if "start" in order:
            answer = os.fork() or serve(order)
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
