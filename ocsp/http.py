"""OCSP over HTTP: POST with the request as body, GET with it in the path (RFC 6960 A.1)."""

import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from ocsp.http_form import REQUEST_TYPE, decode_path, error_answer, unready
from ocsp.responder import OcspResponder
from pki.der.ocsp import MAX_REQUEST, OcspError
from pki.ports import HttpAnswer, HttpRequest, LiveAnswers, ReadyAnswer

CONDITIONS: Final = frozenset({b"if-none-match", b"if-modified-since"})
_TEXT: Final = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"))


class OcspHandler:
    """Answers ``<path>`` and everything below it."""

    methods: Sequence[str] = ("GET", "HEAD", "POST")

    def __init__(self, responder: OcspResponder, path: str = "/ocsp") -> None:
        self._responder = responder
        self._below = path.encode("ascii") + b"/"
        self._paths = frozenset({path.encode("ascii"), self._below})

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> ReadyAnswer | LiveAnswers | None:
        """The answer that is ready, by octets of body or target, or where to wait for one."""
        if method == b"POST":
            if headers.get(b"content-type") == REQUEST_TYPE and target in self._paths:
                return self._responder.lookup(body) or self._responder.live
        elif method == b"GET" and CONDITIONS.isdisjoint(headers):
            return self._responder.lookup(target)
        return None

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer in full; HEAD as GET."""
        if request.method == "POST":
            return await self._post(request)
        if not request.target.startswith(self._below):
            return _text(HTTPStatus.NOT_FOUND, "an OCSP request belongs in the path or a POST\n")
        answer = await self._get(request.target)
        since = request.headers.get(b"if-modified-since")
        if answer.header("last-modified") in self._responder.changed:
            since = None
        return answer.unless_known(request.headers.get(b"if-none-match"), since)

    async def _post(self, request: HttpRequest) -> HttpAnswer:
        if request.target not in self._paths:
            return _text(HTTPStatus.NOT_FOUND, "OCSP is not here\n")
        content_type = request.headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        if content_type != REQUEST_TYPE:
            return _text(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/ocsp-request\n")
        if len(request.body) > MAX_REQUEST:
            return _text(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "at most 16 KiB\n")
        return _whole(self._responder.lookup(request.body) or await self._made(request.body))

    async def _get(self, target: bytes) -> HttpAnswer:
        ready = self._responder.lookup(target)
        if ready is not None:
            return _whole(ready)
        der = decode_path(target[len(self._below) :])
        if der is None:
            self._responder.statistics.errors["malformed_request"] += 1
            return error_answer(OcspError.MALFORMED_REQUEST)
        return _whole(await self._made(der, target))

    async def _made(self, der: bytes, asked: bytes | None = None) -> HttpAnswer | bytes:
        began = time.monotonic()
        answer = await self._responder.answer(der, asked)
        self._responder.statistics.measure(time.monotonic() - began)
        return answer


def _whole(answer: HttpAnswer | ReadyAnswer | bytes) -> HttpAnswer:
    if isinstance(answer, ReadyAnswer):
        answer = answer.octets
    return unready(answer) if isinstance(answer, bytes) else answer


def _text(status: HTTPStatus, text: str) -> HttpAnswer:
    body = text.encode()
    return HttpAnswer(
        status=status.value, headers=(*_TEXT, ("Content-Length", str(len(body)))), body=body
    )
