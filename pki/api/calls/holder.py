"""What a care worker does at the desk: from the pass to a card that is to be trusted."""

from pki.api.challenge import challenge_message
from pki.api.transport import Transport, bearer, under
from pki.api.wire import (
    CardView,
    CertificateRequest,
    CertifiedView,
    ChallengeRequest,
    ChallengeView,
    ConfirmationRequest,
    ConfirmedView,
    OrderRequest,
    SessionRequest,
    SessionView,
)
from pki.domain.identifiers import CardId, IdempotencyKey
from pki.domain.records import ChallengePurpose


class HolderCalls(Transport):
    """With a UZI pass, and then the token of the session that it opened."""

    def message_to_sign(self, challenge: ChallengeView) -> bytes:
        """What the key must sign, bound to the server's name as TLS verified it."""
        return challenge_message(
            challenge.purpose,
            audience=self.audience,
            challenge_id=challenge.challenge_id,
            nonce=challenge.nonce,
        )

    async def challenge(
        self, purpose: ChallengePurpose = ChallengePurpose.OPEN_SESSION
    ) -> ChallengeView:
        """Ask for a challenge that a UZI pass signs."""
        body = ChallengeRequest(purpose=purpose)
        return await self._post("/v1/challenges", body, ChallengeView)

    async def open_session(self, request: SessionRequest) -> SessionView:
        """Prove to hold a pass."""
        return await self._post("/v1/sessions", request, SessionView)

    async def order_card(self, token: str, key: IdempotencyKey, request: OrderRequest) -> CardView:
        """Order a card; the same key and body give the same card."""
        return await self._post("/v1/cards", request, CardView, bearer(token) | under(key))

    async def certify(
        self, token: str, card_id: CardId, request: CertificateRequest
    ) -> CertifiedView:
        """Certify the card's key; the same key gives the same certificate and a new challenge."""
        path = f"/v1/cards/{card_id}/certificate"
        return await self._post(path, request, CertifiedView, bearer(token))

    async def confirm(self, token: str, card_id: CardId, request: ConfirmationRequest) -> CardView:
        """Prove that the card holds the certified key; from then on it is to be trusted."""
        path = f"/v1/cards/{card_id}/confirmation"
        return (await self._post(path, request, ConfirmedView, bearer(token))).card
