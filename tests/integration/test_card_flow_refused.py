"""What the desk does not do: bad passes, bad PINs, cards of others, a server that is mistaken."""

import logging
from dataclasses import replace

import pytest

from card_writer.card_edge import (
    CardDiffers,
    CardGone,
    CardRefused,
    HolderCard,
    PinCharacters,
    ReaderBusy,
    WrongSecret,
)
from card_writer.flow.pins import PinFault
from card_writer.flow.stopped import Stopped
from desks.desk import (
    CARD_PIN,
    PASS_PIN,
    ChipCards,
    TestDesk,
    pass_of,
)
from desks.house import House, assert_made
from desks.torn_client import Tear
from made.uzi import DAY, NOW, Z_TEXT, PassPlan, der, upn, uzi
from pki.api.errors import ProblemAnswered
from pki.api.wire import CertifiedView
from pki.domain.errors import Refused
from pki.domain.identifiers import CardNumber
from pki.domain.reasons import RefusalReason
from pki.domain.uzi import PassType
from virtual_card.piv import PivCard as VirtualCard

Z_PLAN = PassPlan(names=(upn("900030757@90000380"), uzi(Z_TEXT)))
EXPIRED = PassPlan(not_after=NOW - DAY)


async def refusal(desk: TestDesk) -> RefusalReason | None:
    """Why the server says no, before the card was touched."""
    with pytest.raises(ProblemAnswered) as caught:
        await desk.make()
    assert caught.value.problem.detail
    assert not desk.cards.heads
    return caught.value.reason


async def test_a_zorgverlener_pass(card_house: House) -> None:
    async with card_house.desk() as desk:
        made = card_house.world.register.issue(Z_PLAN, by=PassType.ZORGVERLENER)
        desk.uzi_pass.certificate = der(made)
        assert await refusal(desk) is RefusalReason.PASS_IS_ZORGVERLENER


async def test_an_expired_pass(card_house: House) -> None:
    async with card_house.desk() as desk:
        desk.uzi_pass.certificate = der(card_house.world.register.issue(EXPIRED))
        assert await refusal(desk) is RefusalReason.PASS_EXPIRED


async def test_a_revoked_pass(card_house: House) -> None:
    reason = RefusalReason.PASS_REVOKED
    card_house.world.status.failure = Refused(reason=reason, message="revoked")
    async with card_house.desk() as desk:
        assert await refusal(desk) is reason


async def test_a_pass_of_an_organisation_that_is_not_registered(card_house: House) -> None:
    async with card_house.desk() as desk:
        desk.uzi_pass = pass_of(card_house.world.register, "900200001", ura="90000399")
        assert await refusal(desk) is RefusalReason.ORGANISATION_UNKNOWN


async def test_a_wrong_pin_is_asked_for_again_and_shown(card_house: House) -> None:
    async with card_house.desk() as desk:
        desk.person.pass_pins = [b"000000", PASS_PIN]
        assert_made(card_house, desk, await desk.make())
        assert desk.uzi_pass.opened == 2
    assert desk.person.asked[1:3] == ["pass pin 3", "pass pin 2"]


async def test_the_last_try_is_asked_about_first(card_house: House) -> None:
    async with card_house.desk() as desk:
        desk.uzi_pass.left = 1
        with pytest.raises(Stopped):
            await desk.make()
        assert (desk.uzi_pass.left, desk.uzi_pass.opened) == (1, 0)
        desk.person.takes_last_try = True
        assert_made(card_house, desk, await desk.make())


async def test_a_blocked_pass_is_not_asked_for_its_pin(card_house: House) -> None:
    async with card_house.desk() as desk:
        desk.uzi_pass.left = 0
        with pytest.raises(WrongSecret, match="blocked"):
            await desk.make()
        assert desk.uzi_pass.opened == 0


async def test_bad_pins_cost_no_try(card_house: House) -> None:
    bad = [b"12345", b"123456789", b"12345678", "pïn456".encode(), b"22111985", b"24681357 "]
    async with card_house.desk() as desk:
        desk.person.choices = [*bad, CARD_PIN]
        made = await desk.make()
        assert desk.cards.chip.pin.left == 3
        assert_made(card_house, desk, made)
    assert desk.person.faults == [
        PinFault.LENGTH,
        PinFault.LENGTH,
        PinFault.TRIVIAL,
        PinFault.CHARACTERS,
        PinFault.BIRTH_DATE,
        PinFault.CHARACTERS,
    ]


async def test_a_card_that_takes_digits_alone(card_house: House) -> None:
    async with card_house.desk() as desk:
        settings = replace(
            desk.cards.settings, pin_characters=PinCharacters.DIGITS, ask_vendor=False
        )
        desk.cards.settings = settings
        desk.cards.chip = VirtualCard(digits_only=True)
        desk.person.choices = [CARD_PIN, b"975310"]
        made = await desk.make()
        assert made.card.state == "actief"
        assert desk.cards.chip.pin.value == b"975310\xff\xff"
    assert desk.person.faults == [PinFault.ONLY_DIGITS]


async def test_the_puk_is_shown_until_it_was_written_down(card_house: House) -> None:
    async with card_house.desk() as desk:
        desk.person.slips = 1
        assert_made(card_house, desk, await desk.make())
    assert desk.person.asked[-2:] == ["note puk", "note puk again"]


async def test_the_number_is_asked_for_where_the_card_tells_none(card_house: House) -> None:
    async with card_house.desk() as desk:
        desk.cards.number = None
        desk.cards.settings = replace(desk.cards.settings, ask_vendor=False)
        made = await desk.make()
    assert made.card.card_number == CardNumber("TYPED-0001")
    assert desk.person.asked.count("card number") == 1


async def test_a_card_that_is_already_someones(card_house: House) -> None:
    async with card_house.desk() as first, card_house.desk() as second:
        made = await first.make()
        second.cards.chip = first.cards.chip
        second.cards.number = first.cards.number
        before = dict(first.cards.chip.objects)
        with pytest.raises(CardRefused, match="another person"):
            await second.make()
        assert first.cards.chip.objects == before
        assert_made(card_house, first, made)


async def test_a_second_card_for_the_same_person(card_house: House) -> None:
    async with card_house.desk() as desk, card_house.desk() as other:
        await desk.make()
        other.uzi_pass = desk.uzi_pass
        with pytest.raises(ProblemAnswered) as caught:
            await other.make()
        assert caught.value.reason is RefusalReason.HOLDER_HAS_CARD
        assert not other.cards.open(None).certificates()


async def test_a_card_in_use_for_something_else(card_house: House) -> None:
    async with card_house.desk() as desk:
        desk.cards.chip.objects["5fc120"] = b"\x70\x01\x00"
        with pytest.raises(CardRefused, match="did not write"):
            await desk.make()


async def test_another_card_is_not_taken_for_the_one_that_was_begun(card_house: House) -> None:
    async with card_house.desk() as desk:
        desk.cards.tear = Tear(at=50, acted=True)
        desk.person.patience = 1
        desk.cards.on_gone = exchange
        with pytest.raises(CardRefused, match="another card"):
            await desk.make()
        assert (desk.cards.chip.pin.left, desk.cards.chip.puk.left) == (3, 3)


def exchange(cards: ChipCards) -> None:
    cards.chip, cards.number = VirtualCard(vendor=True), CardNumber("ZC-OTHER")


class BusyCards(ChipCards):
    """Another program has the reader, the first time."""

    asked = 0

    def open(self, printed: CardNumber | None) -> HolderCard:
        type(self).asked += 1
        if self.asked == 1:
            raise ReaderBusy(message="busy", next_step="close the other program")
        return super().open(printed)


async def test_two_programs_at_one_reader(card_house: House) -> None:
    async with card_house.desk() as desk:
        desk.cards = BusyCards(chip=desk.cards.chip, number=desk.cards.number)
        desk.person.patience = 1
        assert_made(card_house, desk, await desk.make())
    assert "go on after reader-busy" in desk.person.asked


async def torn_while_handed_over(desk: TestDesk) -> None:
    """The PUK is the holder's, the PIN not yet."""
    changes = 0
    while desk.cards.chip.puk.value == b"12345678":
        desk.cards.tear = Tear(at=changes, acted=True)
        with pytest.raises(CardGone):
            await desk.make()
        changes += 1


async def test_a_puk_that_is_remembered_wrongly_is_not_tried_to_its_end(
    card_house: House,
) -> None:
    async with card_house.desk() as desk:
        await torn_while_handed_over(desk)
        desk.mended()
        paper, desk.person.paper = desk.person.paper, b"00000000"
        with pytest.raises(Stopped):
            await desk.make()
        assert desk.cards.chip.puk.left == 1
        desk.person.paper = paper
        assert_made(card_house, desk, await desk.make())


@pytest.mark.parametrize("what", ["person", "key", "serial", "chain", "bytes"])
async def test_what_the_server_sent_wrongly_is_never_written(card_house: House, what: str) -> None:
    async with card_house.desk() as first, card_house.desk() as desk:
        sent: list[CertifiedView] = []
        first.client.changed = lambda certified: kept(sent, certified)
        await first.make()
        desk.client.changed = lambda certified: mistaken(what, certified, sent[0])
        with pytest.raises(CardDiffers):
            await desk.make()
        assert set(desk.cards.chip.objects) == {"5fc120"}
        assert desk.cards.chip.pin.value == b"123456\xff\xff"
        desk.client.changed = lambda certified: certified
        assert_made(card_house, desk, await desk.make())


def kept(sent: list[CertifiedView], certified: CertifiedView) -> CertifiedView:
    sent.append(certified)
    return certified


def mistaken(what: str, right: CertifiedView, wrong: CertifiedView) -> CertifiedView:
    """The answer as it should be, but for one thing of somebody else's."""
    root = right.chain[-1]
    changes: dict[str, dict[str, object]] = {
        "person": {"certificate": wrong.certificate, "card": wrong.card},
        "key": {"certificate": right.chain[0]},
        "serial": {"card": wrong.card},
        "chain": {"chain": [root]},
        "bytes": {"certificate": right.certificate[:-1]},
    }
    return right.model_copy(update=changes[what])


async def test_nothing_secret_is_logged_or_shown(
    card_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with card_house.desk() as desk:
        await torn_while_handed_over(desk)
        desk.mended()
        await desk.make()
        shown = [repr(each) for each in desk.person.steps]
    for secret in (CARD_PIN, PASS_PIN, desk.person.paper):
        for text in (secret.decode(), secret.hex()):
            assert text not in caplog.text
            assert not [each for each in shown if text in each]
