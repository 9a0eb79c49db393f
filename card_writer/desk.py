"""Drives the dialogue: pass and card through one worker thread, the server through its client."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from card_writer.card_edge import CardEdge, PassEdge
from card_writer.personalisation import (
    AskChallenge,
    Certify,
    Confirm,
    Dialogue,
    Made,
    MakeBlank,
    MakeRequest,
    OpenSession,
    OrderCard,
    ReadCard,
    ReadCertificates,
    ReadPass,
    RememberOrder,
    Step,
    WriteAndReadBack,
)
from pki.api.client import IssuanceClient
from pki.api.wire import (
    CardView,
    CertificateRequest,
    ChallengeView,
    ConfirmationRequest,
    OrderRequest,
    SessionRequest,
    SessionView,
)
from pki.domain.identifiers import CardNumber, IdempotencyKey
from pki.ports import Entropy

_ORDER_KEY_OCTETS = 16


@dataclass(slots=True, kw_only=True)
class Desk:
    """One pass, one card, one server."""

    uzi_pass: PassEdge
    card: CardEdge
    client: IssuanceClient
    entropy: Entropy
    _worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    async def run(self, dialogue: Dialogue) -> Made:
        """Do every step the dialogue asks for, in order.

        Raises:
            ZorgidError: whatever a step raises; the dialogue ends there and may be run anew.
        """
        try:
            step = next(dialogue)
            while True:
                result = await self._perform(step)
                step = dialogue.send(result)
        except StopIteration as done:
            made: Made = done.value
            return made

    async def _perform(self, step: Step[Any]) -> Any:  # noqa: ANN401 -- each step has its own result
        match step:
            case AskChallenge():
                return await self.client.challenge()
            case OpenSession():
                return await self._open_session(step.certificate, step.challenge)
            case OrderCard():
                return await self._order(step)
            case Certify():
                body = CertificateRequest(pkcs10=step.pkcs10)
                return await self.client.certify(step.token, step.card.card_id, body)
            case Confirm():
                return await self._confirm(step)
            case _:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._worker, self._on_reader, step)

    def _on_reader(self, step: Step[Any]) -> object:
        match step:
            case ReadPass():
                return self.uzi_pass.authenticity_certificate()
            case ReadCard():
                return self._read_card()
            case RememberOrder():
                return self._remember_order()
            case MakeBlank():
                self.card.make_blank()
                return None
            case MakeRequest():
                self.card.ensure_key()
                return self.card.certification_request()
            case WriteAndReadBack():
                self.card.write_certificates(step.chain)
                return self.card.certificates()
            case ReadCertificates():
                return self.card.certificates()
            case _:
                raise AssertionError(step)

    def _read_card(self) -> tuple[CardNumber, IdempotencyKey | None]:
        return self.card.card_number(), self.card.order_key()

    def _remember_order(self) -> IdempotencyKey:
        key = IdempotencyKey(self.entropy.octets(_ORDER_KEY_OCTETS).hex())
        self.card.remember_order(key)
        return key

    async def _signed(self, edge: PassEdge | CardEdge, challenge: ChallengeView) -> bytes:
        message = self.client.message_to_sign(challenge)
        return await asyncio.get_running_loop().run_in_executor(self._worker, edge.sign, message)

    async def _open_session(self, certificate: bytes, challenge: ChallengeView) -> SessionView:
        request = SessionRequest(
            challenge_id=challenge.challenge_id,
            certificate=certificate,
            signature=await self._signed(self.uzi_pass, challenge),
            algorithm=self.uzi_pass.algorithm,
        )
        return await self.client.open_session(request)

    async def _order(self, step: OrderCard) -> CardView:
        request = OrderRequest(
            birth_date=step.birth_date, card_number=step.card_number, certificate=step.certificate
        )
        return await self.client.order_card(step.token, step.key, request)

    async def _confirm(self, step: Confirm) -> CardView:
        request = ConfirmationRequest(
            challenge_id=step.challenge.challenge_id,
            signature=await self._signed(self.card, step.challenge),
            algorithm=self.card.algorithm,
        )
        return await self.client.confirm(step.token, step.card.card_id, request)
