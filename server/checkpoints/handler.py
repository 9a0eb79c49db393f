"""Serves the newest checkpoint beside the CRLs."""

import asyncio
import hashlib
import math
import time
from collections.abc import Mapping, Sequence
from email.utils import format_datetime
from typing import Final

from pki.domain.evidence.checkpoints import SignedCheckpoint
from pki.ports import OK, HttpAnswer, HttpRequest, ReadyAnswer
from pki.store.reading import ReadSession, ReadStore

PATH: Final = "/journal/checkpoint.p7m"
KEPT_SECONDS: Final = 10.0
"""For so long nobody's request makes this process look into the store again."""


class CheckpointHandler:
    """Answers one path."""

    methods: Sequence[str] = ("GET", "HEAD")

    def __init__(self, store: ReadStore) -> None:
        self._store = store
        self._looking = asyncio.Lock()
        self._until = -math.inf
        self._answer = _missing()

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> ReadyAnswer | None:
        """Nothing is hot here."""
        del method, target, headers, body
        return None

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """The newest, or 304.

        Raises:
            StoreUnavailable: it cannot be read.
        """
        async with self._looking:
            if time.monotonic() >= self._until:
                found = await self._store.read(ReadSession.latest_checkpoint)
                self._answer = _missing() if found is None else _served(found)
                self._until = time.monotonic() + KEPT_SECONDS
        return self._answer.unless_known(request.headers.get(b"if-none-match"))


def _served(found: SignedCheckpoint) -> HttpAnswer:
    return HttpAnswer(
        status=OK,
        headers=(
            ("Content-Type", "application/pkcs7-mime; smime-type=signed-data"),
            ("Content-Length", str(len(found.signed))),
            ("Last-Modified", format_datetime(found.at, usegmt=True)),
            ("ETag", f'"{hashlib.sha256(found.signed).hexdigest()}"'),
            ("Cache-Control", "max-age=60, public, no-transform"),
        ),
        body=found.signed,
    )


def _missing() -> HttpAnswer:
    body = b"no checkpoint was made yet\n"
    return HttpAnswer(
        status=404,
        headers=(
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ),
        body=body,
    )
