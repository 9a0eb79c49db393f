"""A card that is not the right one is taken out and another put in; the run goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import pytest

from card_writer.programs.sentences import sentence_of
from card_writer.wrong_card import Mismatch, WrongCard
from desks.desk import PassDouble, Someone, TestDesk
from desks.house import House, assert_made
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import CardNumber
from virtual_card.apdu import tlv
from virtual_card.piv import PivCard as VirtualCard
from virtual_card.piv_keys import Key, make_key

Spoils: TypeAlias = Callable[[VirtualCard], None]


@dataclass(slots=True, kw_only=True)
class Exchanging(Someone):
    """Puts another card in when told that this one will not do."""

    exchange: Callable[[], None]

    async def go_on(self, error: ZorgidError) -> bool:
        assert isinstance(error, WrongCard)
        self.asked.append(error.why.value)
        self.exchange()
        return True


def somebodys(chip: VirtualCard) -> None:
    chip.keys[0x9A] = make_key(b"\x11")
    chip.objects["5fc105"] = b"\x70\x02\x30\x00\x71\x01\x00\xfe\x00"


def foreign(chip: VirtualCard) -> None:
    chip.objects["5fc120"] = b"\x70\x01\x00"


def administered(chip: VirtualCard) -> None:
    chip.lock.key = bytes(range(24))


def exchanging(desk: TestDesk) -> Exchanging:
    """The holder of this desk has a blank card at hand."""
    blank, number = desk.cards.chip, desk.cards.number
    desk.cards.chip, desk.cards.number = VirtualCard(vendor=True), CardNumber("ZC-WRONG")

    def exchange() -> None:
        desk.cards.chip, desk.cards.number = blank, number

    desk.person = Exchanging(exchange=exchange)
    return desk.person


@pytest.mark.parametrize("spoil", [somebodys, foreign, administered])
async def test_a_card_of_others_is_exchanged_for_a_blank_one(
    card_house: House, spoil: Spoils
) -> None:
    async with card_house.desk() as desk:
        person = exchanging(desk)
        wrong = desk.cards.chip
        spoil(wrong)
        before = dict(wrong.objects)
        made = await desk.make()
        assert wrong.objects == before
        assert (wrong.pin.left, wrong.puk.left) == (3, 3)
        assert_made(card_house, desk, made)
    assert made.card.card_number != CardNumber("ZC-WRONG")
    assert person.asked.count(Mismatch.IN_USE.value) == 1
    assert person.asked.count("pass pin 3") == 1


async def test_the_same_card_in_both_readers_is_a_pass_and_stays_one(card_house: House) -> None:
    async with card_house.desk() as desk:
        person = exchanging(desk)
        uzi_pass, as_card = desk.uzi_pass, desk.cards.chip
        as_card.keys[0x9A] = Key(0x07, uzi_pass.key)
        held = tlv(0x70, uzi_pass.certificate) + tlv(0x71, b"\x00") + tlv(0xFE, b"")
        as_card.objects["5fc105"] = held
        objects, keys = dict(as_card.objects), dict(as_card.keys)
        assert_made(card_house, desk, await desk.make())
        assert (as_card.objects, as_card.keys) == (objects, keys)
        assert (as_card.pin.left, as_card.puk.left, uzi_pass.left) == (3, 3, 3)
    assert person.asked.count(Mismatch.IN_USE.value) == 1


async def test_a_card_that_was_begun_for_another_is_exchanged(card_house: House) -> None:
    async with card_house.desk() as first, card_house.desk() as desk:
        made = await first.make()
        person = exchanging(desk)
        desk.cards.chip, desk.cards.number = first.cards.chip, first.cards.number
        assert_made(card_house, desk, await desk.make())
        assert_made(card_house, first, made)
    assert person.asked.count(Mismatch.OF_ANOTHER.value) == 1


@dataclass(slots=True, kw_only=True)
class OtherFirst(PassDouble):
    """Another card lies there until it was looked at."""

    looked: bool = False

    def tries_left(self) -> int | None:
        if not self.looked:
            raise WrongCard(message="no pass", why=Mismatch.NO_PASS)
        return PassDouble.tries_left(self)

    def close(self) -> None:
        self.looked = True


async def test_a_card_that_is_no_pass_is_exchanged(card_house: House) -> None:
    async with card_house.desk() as desk:
        double = desk.uzi_pass
        desk.uzi_pass = OtherFirst(certificate=double.certificate, key=double.key)
        desk.person = Exchanging(exchange=lambda: None)
        assert_made(card_house, desk, await desk.make())
    assert desk.person.asked[:4] == ["uzi-pass", "no-pass", "uzi-pass", "pass pin 3"]


@pytest.mark.parametrize("why", Mismatch)
def test_every_mismatch_says_which_card_to_put_in(why: Mismatch) -> None:
    error = WrongCard(message="x", why=why)
    assert "Plaats" in sentence_of(error, "nl")
    assert sentence_of(error, "en").endswith("in.")
