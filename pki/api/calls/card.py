"""What operators do with cards and ask of them; a holder reads a card with a token."""

from datetime import datetime
from urllib.parse import urlencode

from pki.api.linking import LinkChangedView, LinkRequest, LinksView, UnlinkRequest
from pki.api.receipts import ChangeReceiptView, StatusAtView
from pki.api.search import CardSearchRequest, CardsView
from pki.api.transport import Transport, bearer, of_seen, under
from pki.api.wire import (
    BlockRequest,
    CardChangedView,
    CardView,
    CertificateView,
    RevokeRequest,
    UnblockRequest,
)
from pki.domain.identifiers import CardId, IdempotencyKey, IssuerId, SerialNumber, UziNumber


class CardCalls(Transport):
    """For administrators and beheerders, of cards that are linked to their organisation."""

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
        return await self._post(path, request, CardChangedView, under(key) | of_seen(seen))

    async def unblock(
        self, card_id: CardId, key: IdempotencyKey | None = None, *, seen: CardView | None = None
    ) -> CardChangedView:
        """Lift a block (operator)."""
        path = f"/v1/cards/{card_id}/unblock"
        return await self._post(path, UnblockRequest(), CardChangedView, under(key) | of_seen(seen))

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
        return await self._post(path, request, CardChangedView, under(key) | of_seen(seen))

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

    async def certificate(self, serial: SerialNumber) -> CertificateView:
        """Read a certificate and its status (operator)."""
        return await self._call("GET", f"/v1/certificates/{serial}", CertificateView)

    async def status_at(
        self,
        serial: SerialNumber,
        at: datetime,
        *,
        issuer: IssuerId | None = None,
        statement: bool = False,
    ) -> StatusAtView:
        """What a certificate's status was at a moment (operator), and a signed statement of it.

        ``issuer`` says which generation of the CA is meant, where the serial number does not.
        """
        query = {"at": at.isoformat()}
        if issuer is not None:
            query["issuer"] = issuer.value
        if statement:
            query["statement"] = "yes"
        path = f"/v1/certificates/{serial}/status?{urlencode(query)}"
        return await self._call("GET", path, StatusAtView)

    async def change(self, position: int) -> ChangeReceiptView:
        """Read when a change was made, and since when each sink shows it (operator)."""
        return await self._call("GET", f"/v1/changes/{position}", ChangeReceiptView)
