"""Serves the certification practice statement, where the certificates' policies point."""

import mimetypes
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from pki.ports import HttpAnswer, HttpRequest, ReadyAnswer


class StatementHandler:
    """Answers one path with one file, read at start."""

    methods: Sequence[str] = ("GET", "HEAD")

    def __init__(self, path: Path) -> None:
        body = path.read_bytes()
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        charset = "; charset=utf-8" if kind.startswith("text/") else ""
        self._answer = HttpAnswer(
            status=200,
            headers=(
                ("Content-Type", kind + charset),
                ("Content-Length", str(len(body))),
                ("ETag", f'"{sha256(body).hexdigest()}"'),
                ("Cache-Control", "max-age=3600, public"),
            ),
            body=body,
        )

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> ReadyAnswer | None:
        """Nothing is hot here."""
        del method, target, headers, body
        return None

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """The statement, or 304."""
        return self._answer.unless_known(request.headers.get(b"if-none-match"))
