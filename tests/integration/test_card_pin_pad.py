"""A PIN typed at a reader's own keys: a real pcscd, real control codes, and no PIN in between."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from card_writer.at_reader import NotTyped, PinEntry, PinNotTyped
from card_writer.card_edge import PinCharacters, SecretKind, WrongSecret
from card_writer.flow.desk import Desk
from card_writer.flow.making import make_card
from card_writer.piv.readers import PivCardReader, PivPassReader
from card_writer.piv.rights import PivSettings
from card_writer.pkcs11.readers import TokenPassReader
from card_writer.readers.held import HeldCard
from card_writer.token.changing import change_pin
from card_writer.token.testing import check_card
from desks.house import House
from desks.made import Counting, make
from desks.made import at as card_at
from made.uzi import Register
from pki.domain.algorithms import KeyType
from pki.domain.status import Good
from pki.ports import SystemEntropy
from virtual_card.pad import ALL, PadReader
from virtual_card.pcscd import opensc_module
from virtual_card.piv import PivCard as VirtualCard
from virtual_card.uzi import PIN, uzi_pass

pytestmark = pytest.mark.pcsc
DUTCH = 0x0413
VERIFY, MODIFY = 3406, 3407
TYPED, WRONG, CHOSEN, NEW = PIN.decode(), "000000", "864209", "97531086"
DIGITS = PivSettings(pin_characters=PinCharacters.DIGITS)


@pytest.fixture
def chip(uzi_register: Register) -> VirtualCard:
    return uzi_pass(uzi_register)


@pytest.fixture
def passes(pin_pad: PadReader) -> Iterator[PivPassReader]:
    pin_pad.asked()
    reader = PivPassReader(reader=pin_pad.pcscd.slot(), pad_language=DUTCH)
    yield reader
    reader.close()


def cards(pin_pad: PadReader, settings: PivSettings = DIGITS, *, slot: int = 0) -> PivCardReader:
    return PivCardReader(
        reader=pin_pad.pcscd.slot(slot),
        settings=settings,
        entropy=Counting(),
        key_type=KeyType.P256,
        pad_language=DUTCH,
    )


def test_a_pass_signs_and_no_program_saw_its_pin(
    pin_pad: PadReader, passes: PivPassReader, chip: VirtualCard
) -> None:
    pin_pad.types(TYPED)
    with pin_pad.pcscd.holding(chip):
        assert passes.pin_entry is PinEntry.AT_READER
        assert passes.open(None).sign(b"challenge")
        passes.close()
    assert [code for code, _ in pin_pad.asked()][-1] == VERIFY
    said = pin_pad.pcscd.log.replace(" ", "")
    assert "00CB3FFF" in said, "the daemon's log has every command that a program sent"
    assert PIN.hex() not in said.lower()


def test_what_is_not_typed_costs_no_try_and_what_is_wrong_costs_one(
    pin_pad: PadReader, passes: PivPassReader, chip: VirtualCard
) -> None:
    pin_pad.types("cancel", "timeout", "12345", "123456789", WRONG)
    with pin_pad.pcscd.holding(chip):
        for why in (
            NotTyped.CANCELLED,
            NotTyped.TIMED_OUT,
            NotTyped.LENGTH,
            NotTyped.LENGTH,
        ):
            with pytest.raises(PinNotTyped) as caught:
                passes.open(None)
            assert (caught.value.why, chip.pin.left) == (why, 3)
        with pytest.raises(WrongSecret) as wrong:
            passes.open(None)
        assert (wrong.value.which, wrong.value.tries_left) == (SecretKind.PIN, 2)
        assert chip.pin.left == 2
        passes.close()


def test_a_reader_is_used_for_what_it_can_do(
    pin_pad: PadReader, passes: PivPassReader, chip: VirtualCard
) -> None:
    with pin_pad.pcscd.holding(chip):
        for features, entry in (
            ((), PinEntry.HERE),
            (("modify",), PinEntry.HERE),
            ((*ALL, "six-digits"), PinEntry.HERE),
            (("verify",), PinEntry.AT_READER),
            (ALL, PinEntry.AT_READER),
        ):
            pin_pad.has(*features)
            assert passes.pin_entry is entry, features
            passes.close()


def made_card(pin_pad: PadReader, chip: VirtualCard) -> None:
    """One with a key, a certificate and the PIN `TYPED`."""
    with HeldCard.in_reader(pin_pad.pcscd.slot()) as held:
        make(card_at(held), {})
    chip.pin.value = TYPED.encode().ljust(8, b"\xff")


def test_a_card_signs_and_its_pin_is_changed(pin_pad: PadReader) -> None:
    chip, reader = VirtualCard(vendor=True, digits_only=False), cards(pin_pad)
    with pin_pad.pcscd.holding(chip):
        made_card(pin_pad, chip)
        keypad = reader.open(None).keypad
        assert keypad is not None
        pin_pad.types(f"{TYPED} {NEW} 97531087", f"{WRONG} {NEW} {NEW}", f"{TYPED} {NEW} {NEW}")
        with pytest.raises(PinNotTyped) as caught:
            keypad.change_pin()
        assert (caught.value.why, chip.pin.left) == (NotTyped.DIFFERENT, 3)
        with pytest.raises(WrongSecret):
            keypad.change_pin()
        assert chip.pin.left == 2
        keypad.change_pin()
        assert chip.pin.value == NEW.encode()
        pin_pad.types(NEW)
        card = reader.open(None)
        assert card.keypad is not None
        card.keypad.log_in()
        assert card.sign(b"anything")
        reader.close()
    assert NEW.encode().hex() not in pin_pad.pcscd.log.replace(" ", "").lower()


def test_a_pin_that_may_have_letters_is_not_typed_there(pin_pad: PadReader) -> None:
    letters = PivSettings(pin_characters=PinCharacters.PRINTABLE_ASCII)
    with pin_pad.pcscd.holding(VirtualCard()):
        for settings, keyed in ((letters, False), (DIGITS, True)):
            reader = cards(pin_pad, settings)
            assert (reader.open(None).keypad is not None) == keyed
            reader.close()


def test_through_a_vendors_module_it_is_the_modules_to_ask_the_reader(
    pin_pad: PadReader, chip: VirtualCard
) -> None:
    pin_pad.types(TYPED, "cancel", WRONG)
    reader = TokenPassReader(path=opensc_module(), reader=pin_pad.pcscd.slot())
    with pin_pad.pcscd.holding(chip), reader:
        assert reader.pin_entry is PinEntry.AT_READER
        assert reader.open(None).sign(b"challenge")
        reader.close()
        with pytest.raises(PinNotTyped):
            reader.open(None)
        assert chip.pin.left == 3
        with pytest.raises(WrongSecret):
            reader.open(None)
        assert chip.pin.left == 2


class SaysGood:
    """A status service that has never heard of a revocation."""

    async def ask(self, chain: tuple[bytes, ...]) -> Good:
        return Good()


async def test_a_card_is_made_tested_and_its_pin_changed_at_the_reader(
    pin_pad: PadReader, passes: PivPassReader, card_house: House
) -> None:
    chip, blank = uzi_pass(card_house.world.register), VirtualCard(vendor=True)
    entropy = SystemEntropy()
    async with card_house.desk() as desk:
        person, settings = desk.person, replace(DIGITS, ask_vendor=True)
        person.patience, person.choices = 3, [CHOSEN.encode()]
        running = Desk(
            passes=passes,
            cards=cards(pin_pad, settings, slot=1),
            person=person,
            client=desk.client,
            status=SaysGood(),
            entropy=entropy,
        )
        with pin_pad.pcscd.holding(chip), pin_pad.pcscd.holding(blank, slot=1):
            pin_pad.types("cancel", WRONG, TYPED)
            made = await running.run(make_card(entropy))
            pin_pad.types(CHOSEN)
            tested = await running.run(check_card(entropy))
            pin_pad.types("cancel", f"{CHOSEN} {NEW} {NEW}")
            await running.run(change_pin())
    assert made.card.state == "actief"
    assert isinstance(tested.status, Good)
    assert blank.pin.value == NEW.encode()
    assert (chip.pin.left, blank.pin.left) == (3, 3)
    assert person.asked == [
        "uzi-pass",
        "go on after pin-not-typed",
        "go on after wrong-secret",
        "birth date",
        "zorg-id",
        "choose pin",
        "note puk",
        "zorg-id",
        "zorg-id",
        "go on after pin-not-typed",
    ]
