"""A card after it was made: looked at, its PIN changed and unblocked, tested, made blank."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypeVar

import pytest

from card_writer.card_edge import CardDiffers, CardRefused, SecretKind, WrongSecret
from card_writer.flow.desk import Desk
from card_writer.flow.making import make_card
from card_writer.flow.pins import PinFault
from card_writer.flow.steps.base import Dialogue
from card_writer.flow.stopped import Stopped
from card_writer.token.changing import change_pin, unblock_pin
from card_writer.token.looking import TokenState, look_at_card
from card_writer.token.testing import check_card, wipe_card
from card_writer.wrong_card import WrongCard
from desks.desk import TestDesk
from desks.house import House, assert_made
from made.uzi import DAY, NOW
from pki.domain.errors import Unavailable
from pki.domain.reasons import RevocationReason
from pki.domain.status import Good, OnHold, Revoked
from pki.ports import SystemEntropy
from virtual_card.piv import PivCard as VirtualCard
from virtual_card.piv_keys import make_key

Outcome = TypeVar("Outcome")
Status = Good | OnHold | Revoked | None
NEW_PIN = b"Linde77"


@dataclass
class SaidStatus:
    """A status service that says what it was told, of whatever it is asked."""

    said: Status | Unavailable = Good()  # noqa: RUF009 -- frozen
    asked: int = 0

    async def ask(self, chain: tuple[bytes, ...]) -> Status:
        assert len(chain) == 3
        self.asked += 1
        if isinstance(self.said, Unavailable):
            raise self.said
        return self.said


@dataclass
class AtHome:
    """A card, its holder, and a reader."""

    desk: TestDesk
    status: SaidStatus

    async def run(self, dialogue: Dialogue[Outcome]) -> Outcome:
        self.desk.person.asked.clear()
        return await Desk(
            cards=self.desk.cards,
            person=self.desk.person,
            entropy=SystemEntropy(),
            status=self.status,
        ).run(dialogue)

    @property
    def chip(self) -> VirtualCard:
        return self.desk.cards.chip


@pytest.fixture
async def home(card_house: House) -> AsyncIterator[AtHome]:
    async with card_house.desk() as desk:
        assert_made(card_house, desk, await desk.make())
        yield AtHome(desk, SaidStatus())


async def test_an_operational_card(home: AtHome) -> None:
    view = await home.run(look_at_card())
    assert (view.state, view.begun) == (TokenState.OPERATIONAL, False)
    assert (view.pin_tries_left, view.puk_tries_left) == (3, 3)
    assert view.number == home.desk.cards.number
    assert view.not_after is not None
    assert view.not_after.year == NOW.year + 3
    assert home.desk.person.asked == []


async def test_a_blank_card(home: AtHome) -> None:
    home.desk.cards.chip = VirtualCard(vendor=True)
    view = await home.run(look_at_card())
    assert (view.state, view.begun, view.serial) == (TokenState.NOT_INITIALISED, False, None)


async def test_a_card_that_is_none_of_ours(home: AtHome) -> None:
    home.chip.objects["5fc120"] = b"\x70\x01\x00"
    view = await home.run(look_at_card())
    assert view.state is TokenState.PRESENT
    assert isinstance(view.refused, WrongCard)


async def test_the_pin_is_changed(home: AtHome) -> None:
    home.desk.person.choices = [b"123456", NEW_PIN]
    await home.run(change_pin())
    assert home.chip.pin.value == NEW_PIN + b"\xff"
    assert home.desk.person.asked == ["zorg-id", "pin 3", "choose pin", "choose pin"]
    assert home.desk.person.faults == [PinFault.TRIVIAL]


async def test_a_wrong_pin_is_not_tried_again(home: AtHome) -> None:
    home.desk.person.wrong = b"975310"
    home.desk.person.choices = [NEW_PIN]
    with pytest.raises(WrongSecret) as caught:
        await home.run(change_pin())
    assert (caught.value.which, caught.value.tries_left) == (SecretKind.PIN, 2)
    assert home.chip.pin.left == 2


async def test_the_last_try_of_the_pin_is_asked_about(home: AtHome) -> None:
    home.chip.pin.left = 1
    with pytest.raises(Stopped):
        await home.run(change_pin())
    assert home.desk.person.asked == ["zorg-id", "last try pin zorg-id"]
    assert home.chip.pin.left == 1


async def test_a_blocked_pin_is_unblocked_with_the_puk(home: AtHome) -> None:
    home.chip.pin.left = 0
    with pytest.raises(WrongSecret, match="blocked"):
        await home.run(change_pin())
    home.desk.person.choices = [NEW_PIN]
    await home.run(unblock_pin())
    assert (home.chip.pin.value, home.chip.pin.left) == (NEW_PIN + b"\xff", 3)


async def test_a_blocked_puk_is_the_end(home: AtHome) -> None:
    home.chip.puk.left = 0
    with pytest.raises(WrongSecret, match="blocked") as caught:
        await home.run(unblock_pin())
    assert "new one" in caught.value.next_step
    assert home.desk.person.asked == ["zorg-id"]


async def test_the_new_pin_is_not_the_puk(home: AtHome) -> None:
    home.desk.person.choices = [home.desk.person.paper, NEW_PIN]
    await home.run(unblock_pin())
    assert home.desk.person.faults == [PinFault.SAME_AS_PUK]


async def test_a_card_without_a_holder_has_no_pin_to_change(home: AtHome) -> None:
    home.desk.cards.chip = VirtualCard(vendor=True)
    with pytest.raises(CardRefused, match="holder"):
        await home.run(change_pin())
    assert home.chip.pin.left == 3


async def test_a_good_card_works(home: AtHome) -> None:
    tested = await home.run(check_card(SystemEntropy()))
    assert tested.works(NOW + DAY)
    assert not tested.works(NOW + 2000 * DAY)
    assert home.desk.person.asked == ["zorg-id", "pin 3"]


@pytest.mark.parametrize("said", [OnHold(since=NOW), Revoked(at=NOW, reason=None), None])
async def test_a_card_that_is_not_good_does_not_work(home: AtHome, said: Status) -> None:
    home.status.said = said
    tested = await home.run(check_card(SystemEntropy()))
    assert not tested.works(NOW + DAY)


async def test_another_key_is_noticed(home: AtHome) -> None:
    home.chip.keys[0x9A] = make_key(b"\x11")
    with pytest.raises(CardDiffers):
        await home.run(check_card(SystemEntropy()))


async def test_another_issuer_is_noticed(home: AtHome) -> None:
    home.chip.objects["5fc10d"] = home.chip.objects["5fc10e"]
    with pytest.raises(CardDiffers, match="chain"):
        await home.run(check_card(SystemEntropy()))


@pytest.mark.parametrize("said", [Good(), OnHold(since=NOW), None])
async def test_a_card_that_is_not_revoked_is_not_made_blank(home: AtHome, said: Status) -> None:
    home.status.said, before = said, dict(home.chip.objects)
    with pytest.raises(CardRefused, match="not revoked"):
        await home.run(wipe_card())
    assert home.chip.objects == before


async def test_a_card_whose_status_is_unknown_is_not_made_blank(home: AtHome) -> None:
    home.status.said, before = Unavailable(message="no answer"), dict(home.chip.objects)
    with pytest.raises(Unavailable):
        await home.run(wipe_card())
    assert home.chip.objects == before


async def test_a_revoked_card_is_made_blank(home: AtHome) -> None:
    home.status.said = Revoked(at=NOW, reason=RevocationReason.SUPERSEDED)
    assert await home.run(wipe_card())
    assert set(home.chip.objects) == {"5fc120"}
    assert not await home.run(wipe_card())
    assert (await home.run(look_at_card())).state is TokenState.NOT_INITIALISED
    assert home.status.asked == 1


async def test_a_blank_card_has_nothing_to_go_on_with(card_house: House) -> None:
    async with card_house.desk() as desk:
        entropy = SystemEntropy()
        dialogue = make_card(entropy, begun_only=True)
        with pytest.raises(CardRefused, match="nothing was begun"):
            await Desk(
                passes=desk.uzi_pass,
                cards=desk.cards,
                person=desk.person,
                client=desk.client,
                entropy=entropy,
            ).run(dialogue)
        assert not desk.cards.chip.objects
