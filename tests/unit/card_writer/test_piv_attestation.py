"""What a card says of where its key was made, as far as it says anything."""

import pytest
from cryptography import x509

from card_writer.card_edge import CardRefused
from card_writer.piv.card import PivCard
from card_writer.piv.rights import PivSettings
from desks.made import ORDER, at
from virtual_card.maker import usual_maker
from virtual_card.piv import PivCard as VirtualCard
from virtual_card.reader import ChipReader


def with_key(chip: VirtualCard) -> PivCard:
    card = at(ChipReader(chip))
    card.begin_order(ORDER)
    card.ensure_key()
    return card


def test_a_proof_is_of_the_cards_key_and_comes_with_its_cards_certificate() -> None:
    chip = VirtualCard(vendor=True)
    proof, issuer = with_key(chip).attestation()
    assert (
        x509.load_der_x509_certificate(proof).public_key() == chip.keys[0x9A].private.public_key()
    )
    assert issuer == usual_maker().of_card


@pytest.mark.parametrize("chip", [VirtualCard(), VirtualCard(vendor=True, maker=None)])
def test_a_card_without_one_has_none(chip: VirtualCard) -> None:
    assert with_key(chip).attestation() == ()


def test_a_card_is_not_asked_unless_it_may_be() -> None:
    chip = VirtualCard(vendor=True)
    reader = ChipReader(chip)
    card = at(reader, PivSettings())
    card.begin_order(ORDER)
    card.ensure_key()
    assert card.attestation() == ()
    assert not [head for head in reader.heads if head[1] in {0xF7, 0xF9}]


class AnsweringReader(ChipReader):
    """Answers the question for a proof with this status word."""

    status = b""

    def transmit(self, apdu: bytearray) -> bytes:
        return self.status if apdu[1] == 0xF9 else super().transmit(apdu)


@pytest.mark.parametrize("status", ["6d00", "6e00", "6a80", "6a81", "6a82", "6a88", "6985"])
def test_a_card_that_cannot_say_has_no_proof(status: str) -> None:
    reader = AnsweringReader(VirtualCard(vendor=True))
    reader.status = bytes.fromhex(status)
    card = at(reader)
    card.begin_order(ORDER)
    card.ensure_key()
    assert card.attestation() == ()


@pytest.mark.parametrize("status", ["6f00", "6982", "6700"])
def test_a_card_that_fails_is_not_taken_for_one_that_cannot(status: str) -> None:
    reader = AnsweringReader(VirtualCard(vendor=True))
    reader.status = bytes.fromhex(status)
    card = at(reader)
    card.begin_order(ORDER)
    card.ensure_key()
    with pytest.raises(CardRefused):
        card.attestation()
