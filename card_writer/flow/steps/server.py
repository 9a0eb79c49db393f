"""Steps by the server, one request each."""

from dataclasses import dataclass, field

from card_writer.flow.ports import Issuance
from card_writer.flow.steps.base import Proof, ToServer
from card_writer.flow.steps.reader import KeyMade
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
from pki.domain.identifiers import IdempotencyKey


@dataclass(frozen=True, slots=True, kw_only=True)
class AskChallenge(ToServer[tuple[ChallengeView, bytes]]):
    """A challenge for the pass, and the octets to sign."""

    async def call(self, server: Issuance) -> tuple[ChallengeView, bytes]:
        challenge = await server.challenge()
        return challenge, server.message_to_sign(challenge)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession(ToServer[SessionView]):
    """Show the signed challenge; who the holder is, and that they may have a card."""

    certificate: bytes
    proof: Proof

    async def call(self, server: Issuance) -> SessionView:
        request = SessionRequest(
            challenge_id=self.proof.challenge.challenge_id,
            certificate=self.certificate,
            signature=self.proof.signature,
            algorithm=self.proof.algorithm,
        )
        return await server.open_session(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCard(ToServer[CardView]):
    """Order the card; repeating it gives the same one."""

    token: str = field(repr=False)
    key: IdempotencyKey
    request: OrderRequest = field(repr=False)

    async def call(self, server: Issuance) -> CardView:
        return await server.order_card(self.token, self.key, self.request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certify(ToServer[tuple[CertifiedView, bytes]]):
    """Have the key certified; repeating it gives the same certificate and another challenge."""

    token: str = field(repr=False)
    card: CardView
    key: KeyMade

    async def call(self, server: Issuance) -> tuple[CertifiedView, bytes]:
        request = CertificateRequest(pkcs10=self.key.pkcs10, attestation=list(self.key.attestation))
        certified = await server.certify(self.token, self.card.card_id, request)
        return certified, server.message_to_sign(certified.challenge)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(ToServer[CardView]):
    """Show that the card holds the certified key."""

    token: str = field(repr=False)
    card: CardView
    proof: Proof

    async def call(self, server: Issuance) -> CardView:
        request = ConfirmationRequest(
            challenge_id=self.proof.challenge.challenge_id,
            signature=self.proof.signature,
            algorithm=self.proof.algorithm,
        )
        return await server.confirm(self.token, self.card.card_id, request)
