"""A card made at the desk: a virtual PIV card, a UZI pass, and the whole API in this process."""

from itertools import product

import pytest

from card_writer.card_edge import CardGone
from desks.desk import URA
from desks.house import House, assert_made
from desks.torn_client import Tear
from fixtures.signers import Hierarchy, open_token_ca
from pki.api.errors import ServiceUnreachable
from pki.domain.algorithms import KeyType
from virtual_card.piv import PivCard as VirtualCard

CHANGING = frozenset({0xDB, 0x24, 0x2C, 0x47, 0xFF, 0x20, 0x87})
"""PUT DATA, PINs and PUK, GENERATE, administration key, VERIFY, GENERAL AUTHENTICATE."""


async def test_a_card_is_made(card_house: House) -> None:
    async with card_house.desk() as desk:
        made = await desk.make()
        assert len(desk.cards.heads) <= 60
        assert desk.client.tear.count == 5  # challenge, session, and three more
        assert_made(card_house, desk, made)
    assert desk.person.asked == [
        "uzi-pass",
        "pass pin 3",
        "birth date",
        "zorg-id",
        "choose pin",
        "note puk",
    ]


async def test_a_card_with_an_rsa_key_is_made(card_house: House, hierarchy: Hierarchy) -> None:
    card_house.world.authority = open_token_ca(hierarchy)
    async with card_house.world.serve() as server:
        again = House(world=card_house.world, server=server)
        async with again.desk() as desk:
            desk.cards.key_type = KeyType.RSA_2048
            made = await desk.make()
            assert len(desk.cards.heads) <= 75
            assert_made(again, desk, made)


async def test_a_card_that_knows_t0_alone_is_made(card_house: House) -> None:
    async with card_house.desk() as desk:
        desk.cards.chip = VirtualCard(vendor=True, t0=True)
        assert_made(card_house, desk, await desk.make())


async def test_the_holder_is_shown_before_a_card_is_touched(card_house: House) -> None:
    async with card_house.desk() as desk:
        desk.cards.tear = Tear(at=0)
        with pytest.raises(CardGone):
            await desk.make()
        (holder,) = desk.person.told
    assert (str(holder.ura), holder.organisation) == (URA, "Tést Zorginstelling 03")


async def torn_and_made(card_house: House, index: int, *, same_run: bool) -> bool:
    """Tear at this APDU; the same run goes on with an acted one, else a new run begins."""
    async with card_house.desk() as desk:
        desk.cards.tear = Tear(at=index, acted=same_run)
        desk.person.patience = int(same_run)
        torn = False
        try:
            made = await desk.make()
        except CardGone:
            torn = True
            made = await desk.make()
        assert_made(card_house, desk, made)
        return torn or desk.person.patience < int(same_run)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_new_run_goes_on_after_a_tear_at_any_apdu(card_house: House) -> None:
    torn = 0
    while await torn_and_made(card_house, torn, same_run=False):
        torn += 1
    assert torn > 40


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_same_run_goes_on_after_a_tear_at_any_change(card_house: House) -> None:
    """At the commands that change the card or its rights, which were done all the same."""
    async with card_house.desk() as desk:
        await desk.make()
        heads = desk.cards.heads
    changing = [index for index, head in enumerate(heads) if head[1] in CHANGING]
    assert len(changing) > 20
    for index in changing:
        assert await torn_and_made(card_house, index, same_run=True)


@pytest.mark.parametrize("acted", [False, True], ids=["lost-request", "lost-answer"])
@pytest.mark.parametrize("same_run", [False, True], ids=["new-run", "same-run"])
async def test_torn_at_any_request_it_comes_right(
    card_house: House, *, acted: bool, same_run: bool
) -> None:
    for index in range(5):
        async with card_house.desk() as desk:
            desk.client.tear = Tear(at=index, acted=acted)
            desk.person.patience = int(same_run)
            try:
                made = await desk.make()
            except ServiceUnreachable:
                made = await desk.make()
            assert_made(card_house, desk, made)


async def test_torn_at_any_touch_the_pass_is_not_locked(card_house: House) -> None:
    for index, acted in product(range(4), (False, True)):
        async with card_house.desk() as desk:
            desk.uzi_pass.tear = Tear(at=index, acted=acted)
            with pytest.raises(CardGone):
                await desk.make()
            assert_made(card_house, desk, await desk.make())
            assert desk.uzi_pass.opened <= 2
