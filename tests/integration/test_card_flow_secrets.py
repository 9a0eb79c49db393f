"""What is left of PIN, PUK and keys once a run has ended, however it ended."""

import gc

import pytest

from card_writer.card_edge import CardGone, WrongSecret
from card_writer.flow.desk import Desk
from card_writer.flow.making import Made, make_card
from card_writer.flow.pins import PinFault
from card_writer.secret import Secret
from desks.desk import CARD_PIN, TestDesk
from desks.house import House, assert_made
from desks.torn_client import Tear
from pki.ports import SystemEntropy

PUK = b"86420975"


class KnownPuk:
    """Chance of which the PUK becomes `PUK`."""

    def octets(self, count: int) -> bytes:
        return (bytes(each - 0x30 for each in PUK) * count)[:count]


def held() -> set[int]:
    """The secrets of this process that are not wiped."""
    gc.collect()
    found = (each for each in gc.get_objects() if isinstance(each, Secret))
    return {id(each) for each in found if len(each)}


async def made_with_known_puk(desk: TestDesk) -> Made:
    running = Desk(
        passes=desk.uzi_pass,
        cards=desk.cards,
        person=desk.person,
        client=desk.client,
        entropy=SystemEntropy(),
    )
    return await running.run(make_card(KnownPuk()))


async def test_a_pin_equal_to_the_puk_is_refused_before_the_card_is_asked(
    card_house: House,
) -> None:
    async with card_house.desk() as desk:
        desk.person.choices = [PUK, CARD_PIN]
        assert_made(card_house, desk, await made_with_known_puk(desk))
    assert desk.person.faults == [PinFault.SAME_AS_PUK]
    assert desk.person.paper == PUK


async def test_no_secret_outlives_a_run(card_house: House) -> None:
    kept = Secret(b"not wiped")
    before = held()
    assert id(kept) in before, "a secret that is kept is seen"
    async with card_house.desk() as desk:
        await desk.make()
        assert held() <= before


@pytest.mark.parametrize("at", [20, 35, 45])
async def test_no_secret_outlives_a_run_that_was_torn(card_house: House, at: int) -> None:
    before = held()
    async with card_house.desk() as desk:
        desk.cards.tear = Tear(at=at, acted=True)
        with pytest.raises(CardGone) as caught:
            await desk.make()
        del caught
        assert held() <= before


async def test_no_secret_outlives_a_wrong_pin(card_house: House) -> None:
    before = held()
    async with card_house.desk() as desk:
        desk.person.pass_pins, desk.person.takes_last_try = [b"000000"], True
        with pytest.raises(WrongSecret) as caught:
            await desk.make()
        del caught
        assert held() <= before
