"""The API as Python calls. One `IssuanceClient` a desk; safe to share between tasks."""

import ssl
from datetime import datetime
from typing import Self, TypeVar
from urllib.parse import urlencode, urlsplit

import aiohttp
from pydantic import ValidationError

from pki.api.base import Problem, Wire
from pki.api.challenge import challenge_message
from pki.api.errors import ProblemAnswered, ServiceUnavailable, ServiceUnreachable
from pki.api.linking import LinkChangedView, LinkRequest, LinksView, UnlinkRequest
from pki.api.receipts import ChangeReceiptView
from pki.api.search import CardSearchRequest, CardsView
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
from pki.domain.errors import Malformed
from pki.domain.identifiers import CardId, IdempotencyKey, PersonId, SerialNumber, UziNumber
from pki.domain.records import ChallengePurpose

Answer = TypeVar("Answer", bound=Wire)

ANSWER_LIMIT = 256 * 1024
_RETRY_STATUSES = frozenset({429, 503})


class IssuanceClient:
    """Calls one server over TLS. Every method may raise what `pki.api.errors` names.

    A client certificate in ``tls`` makes the caller an operator, a bearer token a holder.
    """

    def __init__(
        self, base_url: str, *, tls: ssl.SSLContext | None = None, timeout_seconds: float = 30.0
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._audience = urlsplit(base_url).hostname or ""
        connector = aiohttp.TCPConnector(ssl=tls if tls is not None else True)
        timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._http = aiohttp.ClientSession(connector=connector, timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def message_to_sign(self, challenge: ChallengeView) -> bytes:
        """What the key must sign, bound to the server's name as TLS verified it."""
        return challenge_message(
            challenge.purpose,
            audience=self._audience,
            challenge_id=challenge.challenge_id,
            nonce=challenge.nonce,
        )

    async def challenge(self) -> ChallengeView:
        """Ask for a challenge that a UZI pass signs."""
        body = ChallengeRequest(purpose=ChallengePurpose.OPEN_SESSION)
        return await self._post("/v1/challenges", body, ChallengeView)

    async def open_session(self, request: SessionRequest) -> SessionView:
        """Prove to hold a pass."""
        return await self._post("/v1/sessions", request, SessionView)

    async def order_card(self, token: str, key: IdempotencyKey, request: OrderRequest) -> CardView:
        """Order a card; the same key and body give the same card."""
        return await self._post("/v1/cards", request, CardView, _bearer(token) | _under(key))

    async def certify(
        self, token: str, card_id: CardId, request: CertificateRequest
    ) -> CertifiedView:
        """Certify the card's key; the same key gives the same certificate and a new challenge."""
        path = f"/v1/cards/{card_id}/certificate"
        return await self._post(path, request, CertifiedView, _bearer(token))

    async def confirm(self, token: str, card_id: CardId, request: ConfirmationRequest) -> CardView:
        """Prove that the card holds the certified key; from then on it is to be trusted."""
        path = f"/v1/cards/{card_id}/confirmation"
        return (await self._post(path, request, ConfirmedView, _bearer(token))).card

    async def card(self, card_id: CardId, token: str | None = None) -> CardView:
        """Read a card, as its holder (token) or as an operator."""
        headers = _bearer(token) if token is not None else {}
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
        return await self._post(path, request, CardChangedView, _under(key) | _of(seen))

    async def unblock(
        self, card_id: CardId, key: IdempotencyKey | None = None, *, seen: CardView | None = None
    ) -> CardChangedView:
        """Lift a block (operator)."""
        path = f"/v1/cards/{card_id}/unblock"
        return await self._post(path, UnblockRequest(), CardChangedView, _under(key) | _of(seen))

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
        return await self._post(path, request, CardChangedView, _under(key) | _of(seen))

    async def links(self, card_id: CardId) -> LinksView:
        """Read which organisations manage a card (operator)."""
        return await self._call("GET", f"/v1/cards/{card_id}/links", LinksView)

    async def link(
        self, request: LinkRequest, key: IdempotencyKey | None = None
    ) -> LinkChangedView:
        """Let an organisation manage a person's card (operator)."""
        return await self._post("/v1/cards/link", request, LinkChangedView, _under(key))

    async def unlink(
        self, card_id: CardId, request: UnlinkRequest, key: IdempotencyKey | None = None
    ) -> LinkChangedView:
        """Let an organisation no longer manage a card (operator)."""
        path = f"/v1/cards/{card_id}/unlink"
        return await self._post(path, request, LinkChangedView, _under(key))

    async def register_organisation(
        self, request: OrganisationRequest, key: IdempotencyKey | None = None
    ) -> OrganisationView:
        """Register an organisation (ZORG-ID team)."""
        return await self._post("/v1/organisations", request, OrganisationView, _under(key))

    async def register_operator(
        self, request: OperatorRequest, key: IdempotencyKey | None = None
    ) -> OperatorView:
        """Map a client certificate to a role (ZORG-ID team)."""
        return await self._post("/v1/operators", request, OperatorView, _under(key))

    async def take_back_operator(
        self, operator_id: PersonId, key: IdempotencyKey | None = None
    ) -> OperatorRemovedView:
        """Take back every mapping of an operator (ZORG-ID team)."""
        path = f"/v1/operators/{operator_id}"
        return await self._call("DELETE", path, OperatorRemovedView, headers=_under(key))

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

    async def change(self, position: int) -> ChangeReceiptView:
        """Read when a change was made, and since when each sink shows it (operator)."""
        return await self._call("GET", f"/v1/changes/{position}", ChangeReceiptView)

    async def _post(
        self, path: str, body: Wire, answer: type[Answer], headers: dict[str, str] | None = None
    ) -> Answer:
        return await self._call("POST", path, answer, body=body, headers=headers)

    async def _call(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        *,
        body: Wire | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = {"Content-Type": "application/json"} if body is not None else {}
        try:
            async with self._http.request(
                method,
                self._base_url + path,
                data=body.to_json() if body is not None else None,
                headers=sent | (headers or {}),
                allow_redirects=False,
            ) as response:
                content = await _content(response)
                status, retry_after = response.status, response.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unreachable(
                f"the issuance API gave no answer ({type(error).__name__})"
            ) from error
        try:
            if status < 300:  # noqa: PLR2004 -- success class of RFC 9110 15
                return answer.from_json(content)
            problem = Problem.from_json(content)
        except (ValidationError, Malformed) as error:
            raise _unreachable(
                f"the issuance API answered HTTP {status} in an unknown form"
            ) from error
        raise _problem_error(problem, status, retry_after)


async def _content(response: aiohttp.ClientResponse) -> bytes:
    """The body, or as much of it as may be: what is cut off does not parse."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(16 * 1024):
        content += chunk
        if len(content) > ANSWER_LIMIT:
            break
    return bytes(content)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _under(key: IdempotencyKey | None) -> dict[str, str]:
    return {} if key is None else {"Idempotency-Key": key.value}


def _of(seen: CardView | None) -> dict[str, str]:
    return {} if seen is None else {"If-Match": f'"{seen.version}"'}


def _problem_error(
    problem: Problem, status: int, retry_after: str
) -> ProblemAnswered | ServiceUnavailable:
    if status in _RETRY_STATUSES:
        seconds = float(retry_after) if retry_after.isdecimal() else 1.0
        return ServiceUnavailable(
            message=problem.detail_en, problem=problem, retry_after=min(seconds, 60.0)
        )
    return ProblemAnswered(
        message=problem.detail_en, next_step=problem.next_step or "", problem=problem
    )


def _unreachable(message: str) -> ServiceUnreachable:
    return ServiceUnreachable(
        message=message, next_step="check the address and the network, then repeat the request"
    )
