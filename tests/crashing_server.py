"""Starts the server again and again from one interpreter, and lets it kill itself where it is told.

A nursery: the modules are loaded once, every server is a process forked from it. It reads one JSON
object a line and answers each with one number:

    {"start": "zorgid.toml", "log": "file"}    the process id
    {"wait": 4711}                             its exit code, negative for a signal

A server has all roles and the network of its parent, unless ``role`` and ``network`` say otherwise.

A point ``{"number": 3, "moment": "before"}`` means the third thing that is done on behalf of an API
request, where a thing is a transaction or a signature of the CA: the process is killed, as by a
power cut, right before COMMIT or the signature, or right after it, when nobody has heard of it yet.
A point ``{"record": "file"}`` only writes down what is done. With ``"awaits": true`` a thing is a
suspension of the task that answers an API request: the process is killed right when it begins to
wait, or right when it goes on; what is recorded is the place that waits, and a point may name it:
``{"awaits": true, "place": "issuance/block_card.py:40>pki/store/writing.py:115", "number": 1, …}``.
"""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from aiohttp import web
from aiohttp.typedefs import Middleware

import server.roles.enrolment
import server.roles.issuance
import server.roles.publisher
import server.roles.status
from hosts.network import enter_network
from installed.each_await import OnlyAt, Watcher, watch_awaits
from issuance.http import app, middleware
from pki.keys.pool import PooledSigner
from pki.store.writing import Store, WriteSession
from server.process.serve import serve_forever

T = TypeVar("T")
PARTS = (server.roles.enrolment, server.roles.publisher, server.roles.status)
"""Loaded here so that no server needs to."""

_PR_SET_PDEATHSIG = 1
"""As linux/prctl.h has it."""

_in_request: ContextVar[bool] = ContextVar("_in_request", default=False)


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
    killer = Killer(point["number"], point["moment"])
    return OnlyAt(point["place"], killer) if "place" in point else killer


def serve(order: dict[str, Any]) -> NoReturn:
    """Be a server, in a process that was just forked."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    end_with_parent()
    point = order.get("point")
    if point is not None:
        (watch_awaits if point.get("awaits") else watch)(watcher_for(point))
    if "network" in order:
        enter_network(order["network"])
    # An exit like any other, so that whoever measures coverage hears of it.
    sys.exit(serve_forever(Path(order["start"]), order.get("role", "all")))


def end_with_parent() -> None:
    """Have the kernel end this process when the nursery is gone, however it went."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


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
