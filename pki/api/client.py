"""The API as Python calls. One `IssuanceClient` a desk; safe to share between tasks."""

from datetime import datetime
from urllib.parse import urlencode

from pki.api.about import ProblemsView
from pki.api.challenge import challenge_message
from pki.api.linking import LinkChangedView, LinkRequest, LinksView, UnlinkRequest
from pki.api.receipts import ChangeReceiptView
from pki.api.search import CardSearchRequest, CardsView
from pki.api.transport import Transport, bearer, under
from pki.api.wire import (
    BlockRequest,
    CardChangedView,
    CardView,
    CertificateRequest,
    CertificateView,
    CertifiedView,
    ChallengeRequest,
    ChallengeView,
    ConfirmationRequest,
    ConfirmedView,
    OperatorRemovedView,
    OperatorRequest,
    OperatorView,
    OrderRequest,
    OrganisationRequest,
    OrganisationView,
    ResponderRequest,
    ResponderView,
    RevokeRequest,
    SessionRequest,
    SessionView,
    StatusAtView,
    UnblockRequest,
)
from pki.domain.identifiers import CardId, IdempotencyKey, PersonId, SerialNumber, UziNumber
from pki.domain.records import ChallengePurpose


class IssuanceClient(Transport):
    """Calls one server over TLS. Every method may raise what `pki.api.errors` names.

    A client certificate in ``tls`` makes the caller an operator, a bearer token a holder.
    """

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

    async def card(self, card_id: CardId, token: str | None = None) -> CardView:
        """Read a card, as its holder (token) or as an operator."""
        headers = bearer(token) if token is not None else {}
        return await self._call("GET", f"/v1/cards/{card_id}", CardView, headers=headers)

    async def cards_of(self, uzi_number: UziNumber) -> list[CardView]:
        """All cards of a person that this operator may see."""
        page = await self.search(CardSearchRequest(uzi_number=uzi_number))
        cards = page.cards
        while page.next_cursor is not None:
            body = CardSearchRequest(uzi_number=uzi_number, cursor=page.next_cursor)
            page = await self.search(body)
            cards += page.cards
        return cards

    async def search(self, request: CardSearchRequest) -> CardsView:
        """A page of the cards that this operator may see; the next one by its cursor."""
        return await self._post("/v1/cards/search", request, CardsView)

    async def block(
        self,
        card_id: CardId,
        request: BlockRequest,
        key: IdempotencyKey | None = None,
        *,
        seen: CardView | None = None,
    ) -> CardChangedView:
        """Block a card (operator); as with all changes, the same key gives the same answer.

        With ``seen`` only if the card is still as it was then.
        """
        path = f"/v1/cards/{card_id}/block"
        return await self._post(path, request, CardChangedView, under(key) | _of(seen))

    async def unblock(
        self, card_id: CardId, key: IdempotencyKey | None = None, *, seen: CardView | None = None
    ) -> CardChangedView:
        """Lift a block (operator)."""
        path = f"/v1/cards/{card_id}/unblock"
        return await self._post(path, UnblockRequest(), CardChangedView, under(key) | _of(seen))

    async def revoke(
        self,
        card_id: CardId,
        request: RevokeRequest,
        key: IdempotencyKey | None = None,
        *,
        seen: CardView | None = None,
    ) -> CardChangedView:
        """End a blocked card for ever (operator)."""
        path = f"/v1/cards/{card_id}/revoke"
        return await self._post(path, request, CardChangedView, under(key) | _of(seen))

    async def links(self, card_id: CardId) -> LinksView:
        """Read which organisations manage a card (operator)."""
        return await self._call("GET", f"/v1/cards/{card_id}/links", LinksView)

    async def link(
        self, request: LinkRequest, key: IdempotencyKey | None = None
    ) -> LinkChangedView:
        """Let an organisation manage a person's card (operator)."""
        return await self._post("/v1/cards/link", request, LinkChangedView, under(key))

    async def unlink(
        self, card_id: CardId, request: UnlinkRequest, key: IdempotencyKey | None = None
    ) -> LinkChangedView:
        """Let an organisation no longer manage a card (operator)."""
        path = f"/v1/cards/{card_id}/unlink"
        return await self._post(path, request, LinkChangedView, under(key))

    async def register_organisation(
        self, request: OrganisationRequest, key: IdempotencyKey | None = None
    ) -> OrganisationView:
        """Register an organisation (ZORG-ID team)."""
        return await self._post("/v1/organisations", request, OrganisationView, under(key))

    async def register_operator(
        self, request: OperatorRequest, key: IdempotencyKey | None = None
    ) -> OperatorView:
        """Map a client certificate to a role (ZORG-ID team)."""
        return await self._post("/v1/operators", request, OperatorView, under(key))

    async def take_back_operator(
        self, operator_id: PersonId, key: IdempotencyKey | None = None
    ) -> OperatorRemovedView:
        """Take back every mapping of an operator (ZORG-ID team)."""
        path = f"/v1/operators/{operator_id}"
        return await self._call("DELETE", path, OperatorRemovedView, headers=under(key))

    async def certify_responder(self, request: ResponderRequest) -> ResponderView:
        """Certify the OCSP key of a status node (that node)."""
        return await self._post("/v1/responder-certificates", request, ResponderView)

    async def certificate(self, serial: SerialNumber) -> CertificateView:
        """Read a certificate and its status (operator)."""
        return await self._call("GET", f"/v1/certificates/{serial}", CertificateView)

    async def status_at(
        self, serial: SerialNumber, at: datetime, *, statement: bool = False
    ) -> StatusAtView:
        """What a certificate's status was at a moment (operator), and a signed statement of it."""
        query = urlencode({"at": at.isoformat()} | ({"statement": "yes"} if statement else {}))
        return await self._call("GET", f"/v1/certificates/{serial}/status?{query}", StatusAtView)

    async def problems(self) -> ProblemsView:
        """Read every kind of problem there is."""
        return await self._call("GET", "/v1/problems", ProblemsView)

    async def change(self, position: int) -> ChangeReceiptView:
        """Read when a change was made, and since when each sink shows it (operator)."""
        return await self._call("GET", f"/v1/changes/{position}", ChangeReceiptView)


def _of(seen: CardView | None) -> dict[str, str]:
    return {} if seen is None else {"If-Match": f'"{seen.version}"'}
