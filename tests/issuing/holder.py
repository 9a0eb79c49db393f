"""One person with one pass, walking through the process."""

from fakes.issuance import (
    BIRTH_DATE,
    RSA,
    Surroundings,
    answer,
    fake_request,
)
from issuance.certify_card import CardCertifier, Certified, KeyRequest
from issuance.confirm_card import CardProof, confirm_card
from issuance.order_card import CardOrder, order_card
from issuance.steps.card_change import CardChange
from pki.domain.cards import Card
from pki.domain.events import (
    RequestRefused,
)
from pki.domain.identifiers import CardNumber, IdempotencyKey
from pki.domain.people import PersonName
from pki.domain.reasons import RefusalReason
from pki.domain.records import Session

KEY = b"key of the new card"
NAME = PersonName(surname="Jansen", given_names="A.", common_name="A. Jansen")


def order(certificate: bytes, key: str = "k" * 16, number: str = "ZC-000001") -> CardOrder:
    return CardOrder(
        key=IdempotencyKey(key),
        birth_date=BIRTH_DATE,
        card_number=CardNumber(number),
        certificate=certificate,
    )


class Holder:
    """One person with one pass, walking through the process."""

    def __init__(self, around: Surroundings, number: str = "900012345") -> None:
        self.around = around
        self.number = number
        self.certificate = around.uzi_pass(number)
        self.certifier = CardCertifier(around.desk)

    async def begin(self) -> Session:
        self.session = await self.around.session(self.certificate)
        return self.session

    async def order(self, key: str = "k" * 16, number: str = "ZC-000001") -> Card:
        self.card = await order_card(
            self.around.desk, self.session, order(self.certificate, key, number)
        )
        return self.card

    async def certify(self, key: bytes = KEY, attestation: tuple[bytes, ...] = ()) -> Certified:
        self.certified = await self.certifier.certify(
            self.session,
            self.card.id,
            KeyRequest(pkcs10=fake_request(key), attestation=attestation),
        )
        return self.certified

    async def confirm(self, signer: bytes | None = None) -> CardChange:
        challenge = self.certified.challenge
        signature = answer(challenge, signer or self.certified.certificate)
        proof = CardProof(challenge_id=challenge.id, signature=signature, algorithm=RSA)
        return await confirm_card(self.around.desk, self.session, self.card.id, proof)

    async def make(self) -> Card:
        await self.begin()
        await self.order()
        await self.certify()
        self.card = (await self.confirm()).card
        return self.card


def refusals(around: Surroundings) -> list[RefusalReason]:
    events = [entry.event for entry in around.store.events(RequestRefused)]
    return [event.reason for event in events if isinstance(event, RequestRefused)]
