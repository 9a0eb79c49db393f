"""The whole flow on a card that only a PKCS#11 module writes: SoftHSM2, and the whole API."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509

from card_writer.card_edge import CardRefused, Phase, PinCharacters
from card_writer.flow.desk import Desk
from card_writer.flow.making import Made, make_card
from card_writer.flow.proving import prove_pass
from card_writer.pkcs11.card import TokenCard, TokenSettings
from card_writer.pkcs11.module import Module
from card_writer.pkcs11.readers import TokenCardReader, TokenPassReader
from card_writer.readers.recognition import CardKind
from card_writer.secret import Secret
from card_writer.wrong_card import Mismatch, WrongCard
from desks.desk import CARD_PIN, TestDesk
from desks.house import House
from desks.torn_client import Tear
from peers import require
from pki.api.errors import ServiceUnreachable
from pki.domain.algorithms import KeyType
from pki.domain.cards import Active
from pki.domain.identifiers import CardNumber
from pki.ports import SystemEntropy
from strangers.softhsm import SoftHsm

pytestmark = pytest.mark.softhsm
SETTINGS = TokenSettings(pin_characters=PinCharacters.PRINTABLE_ASCII)
CONFIRMATION = 4
"""Of the requests, from 0."""


@dataclass(slots=True)
class TokenInSlot:
    """A reader whose token SoftHSM calls anew whenever it is loaded."""

    tokens: SoftHsm
    held: TokenCardReader | None = field(default=None)

    def open(self, printed: CardNumber | None) -> TokenCard:
        self.close()
        with Module(self.tokens.module) as module:
            known = module.tokens()
            name = next((each.reader for each in known if each.initialised), known[0].reader)
        self.held = TokenCardReader(
            path=self.tokens.module, reader=name, settings=SETTINGS, key_type=KeyType.P256
        )
        return self.held.open(printed)

    def close(self) -> None:
        if self.held is not None:
            self.held.close()
        self.held = None


@pytest.fixture
def slot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TokenInSlot:
    require("softhsm")
    tokens = SoftHsm.make(tmp_path / "softhsm")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tokens.config))
    return TokenInSlot(tokens)


async def made_in(slot: TokenInSlot, desk: TestDesk) -> Made:
    entropy = SystemEntropy()
    running = Desk(
        passes=desk.uzi_pass,
        cards=slot,
        person=desk.person,
        client=desk.client,
        entropy=entropy,
    )
    return await running.run(make_card(entropy))


def assert_works(slot: TokenInSlot, house: House, made: Made) -> None:
    """One live card, its chain on the token, the holder's PIN, no other."""
    leaf = x509.load_der_x509_certificate(made.certificate)
    (live,) = [each for each in house.cards_of(made.session.holder.uzi_number) if each.is_live]
    assert isinstance(live.phase, Active)
    assert live.phase.serial.value == leaf.serial_number
    try:
        card = slot.open(None)
        assert card.state().phase is Phase.OPERATIONAL
        assert (card.certificates()[0], len(card.certificates())) == (made.certificate, 3)
        card.log_in(Secret(CARD_PIN))
        assert card.sign(b"anything")
        with pytest.raises(CardRefused):
            slot.open(None).log_in(Secret(b"0000000x"))
    finally:
        slot.close()


async def test_a_card_is_made_and_its_number_is_asked_for(
    card_house: House, slot: TokenInSlot
) -> None:
    async with card_house.desk() as desk:
        made = await made_in(slot, desk)
        assert desk.client.tear.count == CONFIRMATION + 1
    assert "card number" in desk.person.asked
    assert_works(slot, card_house, made)


async def test_a_card_that_is_no_pass_is_told_before_its_pin_is_typed(
    card_house: House, slot: TokenInSlot
) -> None:
    slot.tokens.add_token("no pass")
    async with card_house.desk() as desk:
        running = Desk(
            passes=TokenPassReader(path=slot.tokens.module),
            cards=slot,
            person=desk.person,
            client=desk.client,
            entropy=SystemEntropy(),
        )
        with pytest.raises(WrongCard) as wrong:
            await running.run(prove_pass())
    assert wrong.value.why is Mismatch.NO_PASS
    assert desk.person.asked == [CardKind.UZI_PASS.value, "go on after wrong-card"]


async def test_a_confirmation_whose_answer_was_lost_is_found_again(
    card_house: House, slot: TokenInSlot
) -> None:
    async with card_house.desk() as desk:
        desk.client.tear = Tear(at=CONFIRMATION, acted=True)
        with pytest.raises(ServiceUnreachable):
            await made_in(slot, desk)
        made = await made_in(slot, desk)
        assert desk.person.asked[-1] == "recall"
    assert_works(slot, card_house, made)
