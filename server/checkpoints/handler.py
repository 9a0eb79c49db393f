"""Serves checkpoints beside the CRLs: the newest, each of them, and the lists to find them by."""

import asyncio
import hashlib
import math
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from pki.domain.evidence.published import (
    INDEX,
    NEWEST,
    Listed,
    moment_of,
    month_json,
    month_of,
    month_path,
    months_json,
)
from pki.ports import OK, HttpAnswer, HttpRequest, ReadyAnswer
from pki.store.reading import ReadSession, ReadStore

PREFIX: Final = "/journal/"
PATH: Final = f"/{NEWEST}"
KEPT_SECONDS: Final = 10.0
"""For so long nobody's request makes this process look again for what is new."""

SIGNED: Final = "application/pkcs7-mime; smime-type=signed-data"
LIST: Final = "application/json"
_NOT_FOR_LONG: Final = "max-age=60, public, no-transform"
_FOR_EVER: Final = "max-age=86400, public, immutable, no-transform"


class CheckpointHandler:
    """Answers what is below one prefix.

    One question at a time is asked of the store, and none about what no list names: whoever asks
    for many takes no reader away from OCSP.
    """

    methods: Sequence[str] = ("GET", "HEAD")

    def __init__(self, store: ReadStore) -> None:
        self._store = store
        self._looking = asyncio.Lock()
        self._until = -math.inf
        self._newest = self._index = _missing()
        self._months: dict[str, _Month] = {}

    def hot(
        self, method: bytes, target: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> ReadyAnswer | None:
        """Nothing is hot here."""
        del method, target, headers, body
        return None

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """What was asked for, or 304.

        Raises:
            StoreUnavailable: it cannot be read.
        """
        path = request.target.split(b"?", 1)[0].decode("latin-1").removeprefix("/")
        async with self._looking:
            await self._look()
            found = await self._found(path)
        return found.unless_known(request.headers.get(b"if-none-match"))

    def forget(self) -> None:
        """What was read is of another store than there is now."""
        self._months, self._until = {}, -math.inf

    async def _look(self) -> None:
        """See what is new, at most every so often; a month that was listed may have grown."""
        if time.monotonic() < self._until:
            return
        newest = await self._store.read(ReadSession.latest_checkpoint)
        months = await self._store.read(ReadSession.checkpoint_months)
        self._newest = self._index = _missing()
        if newest is not None:
            self._newest = _served(newest.signed, SIGNED, _NOT_FOR_LONG, newest.at)
            self._index = _served(months_json(months), LIST, _NOT_FOR_LONG, newest.at)
        over = dict(tuple(self._months.items())[:-1])
        self._months = {month: over.get(month) or _Month() for month in months}
        self._until = time.monotonic() + KEPT_SECONDS

    async def _found(self, path: str) -> HttpAnswer:
        if path in {NEWEST, INDEX}:
            return self._newest if path == NEWEST else self._index
        at = moment_of(path)
        if at is None:
            month = next((each for each in self._months if month_path(each) == path), None)
            return _missing() if month is None else (await self._listed(month)).answer
        if month_of(at) not in self._months or at not in (await self._listed(month_of(at))).times:
            return _missing()
        found = await self._store.read(lambda session: session.checkpoint_at(at))
        return _missing() if found is None else _served(found.signed, SIGNED, _FOR_EVER, at)

    async def _listed(self, month: str) -> "_Month":
        kept = self._months[month]
        if not kept.times:
            listed = await self._store.read(lambda session: session.checkpoints_of(month))
            kept = self._months[month] = _Month(month, listed)
        return kept


class _Month:
    """The list of a month as it is served; without times it was not read yet."""

    def __init__(self, month: str = "", listed: Sequence[Listed] = ()) -> None:
        self.times: frozenset[datetime] = frozenset(each.at for each in listed)
        self.answer = _missing()
        if listed:
            self.answer = _served(month_json(month, listed), LIST, _NOT_FOR_LONG, listed[-1].at)


def _served(body: bytes, media_type: str, cached: str, at: datetime) -> HttpAnswer:
    return HttpAnswer(
        status=OK,
        headers=(
            ("Content-Type", media_type),
            ("Content-Length", str(len(body))),
            ("Last-Modified", format_datetime(at, usegmt=True)),
            ("ETag", f'"{hashlib.sha256(body).hexdigest()}"'),
            ("Cache-Control", cached),
        ),
        body=body,
    )


def _missing() -> HttpAnswer:
    body = b"no such checkpoint\n"
    return HttpAnswer(
        status=404,
        headers=(
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ),
        body=body,
    )
