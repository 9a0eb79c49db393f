"""Where a test tears what it does, and the API's client torn so."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pki.api.client import IssuanceClient
from pki.api.errors import ServiceUnreachable
from pki.api.wire import (
    CardView,
    CertificateRequest,
    CertifiedView,
    ChallengeView,
    ConfirmationRequest,
    OrderRequest,
    SessionRequest,
    SessionView,
)
from pki.domain.identifiers import CardId, IdempotencyKey

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Tear:
    """Counts what happens at the desk; at one of them the cable is pulled.

    ``acted``: what was asked is done all the same, and only the answer is lost.
    """

    at: int | None = None
    acted: bool = False
    count: int = 0

    def strikes(self) -> bool:
        self.count += 1
        return self.count - 1 == self.at


@dataclass(slots=True, kw_only=True)
class TornClient:
    """The API's client, whose connection is lost where the tear says."""

    inner: IssuanceClient
    tear: Tear = field(default_factory=Tear)
    changed: Callable[[CertifiedView], CertifiedView] = lambda certified: certified

    def message_to_sign(self, challenge: ChallengeView) -> bytes:
        return self.inner.message_to_sign(challenge)

    async def challenge(self) -> ChallengeView:
        return await self._call(self.inner.challenge)

    async def open_session(self, request: SessionRequest) -> SessionView:
        return await self._call(lambda: self.inner.open_session(request))

    async def order_card(self, token: str, key: IdempotencyKey, request: OrderRequest) -> CardView:
        return await self._call(lambda: self.inner.order_card(token, key, request))

    async def certify(
        self, token: str, card_id: CardId, request: CertificateRequest
    ) -> CertifiedView:
        certified = await self._call(lambda: self.inner.certify(token, card_id, request))
        return self.changed(certified)

    async def confirm(self, token: str, card_id: CardId, request: ConfirmationRequest) -> CardView:
        return await self._call(lambda: self.inner.confirm(token, card_id, request))

    async def _call(self, asked: Callable[[], Awaitable[Answer]]) -> Answer:
        strikes = self.tear.strikes()
        answer = None if strikes and not self.tear.acted else await asked()
        if answer is None or strikes:
            raise ServiceUnreachable(message="the line is dead", next_step="repeat")
        return answer
