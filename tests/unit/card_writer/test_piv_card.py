"""The PIV driver on a virtual card in this process: made, used, torn at every APDU."""

import pytest

from card_writer.card_edge import (
    CardDiffers,
    CardGone,
    CardRefused,
    Phase,
    PinNeeded,
    SecretKind,
    WrongSecret,
)
from card_writer.piv.card import PivCard
from card_writer.piv.rights import PivSettings
from card_writer.secret import Secret
from desks.made import ISSUERS, NUMBER, ORDER, PIN, PUK, Counting, assert_made, at, make
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import CardNumber
from virtual_card.piv import PivCard as VirtualCard
from virtual_card.piv_keys import AES_192, TRANSPORT_KEY, AdminLock, make_key
from virtual_card.reader import ChipReader


@pytest.fixture
def chip() -> VirtualCard:
    return VirtualCard(vendor=True)


@pytest.fixture
def reader(chip: VirtualCard) -> ChipReader:
    return ChipReader(chip)


@pytest.mark.parametrize(("key_type", "bar"), [(KeyType.P256, 60), (KeyType.RSA_2048, 75)])
def test_a_card_is_made_within_its_number_of_apdus(
    chip: VirtualCard, reader: ChipReader, key_type: KeyType, bar: int
) -> None:
    server: dict[str, bytes] = {}
    make(at(reader, key_type=key_type), server)
    assert_made(chip, server)
    assert len(reader.heads) <= bar


def test_a_card_that_knows_t0_alone_is_made() -> None:
    chip, server = VirtualCard(vendor=True, t0=True), dict[str, bytes]()
    make(at(ChipReader(chip)), server)
    assert_made(chip, server)


def test_a_plain_card_keeps_its_administration_key(chip: VirtualCard) -> None:
    plain = VirtualCard(digits_only=True)
    card = at(ChipReader(plain), PivSettings())
    card.begin_order(ORDER)
    card.begin()
    card.ensure_key()
    card.hand_over(pin=Secret(b"975310"), puk=Secret(PUK))
    assert plain.lock.key == TRANSPORT_KEY
    assert plain.pin.value == b"975310\xff\xff"
    assert card.state().puk_tries_left is None


def was_torn(index: int, *, acted: bool) -> bool:
    """Make a card in a reader that loses it at APDU ``index``, then again in a good one."""
    chip, server = VirtualCard(vendor=True), dict[str, bytes]()
    torn = ChipReader(chip)
    torn.cut_before, torn.cut_after = (None, index) if acted else (index, None)
    try:
        make(at(torn), server)
    except CardGone:
        make(at(ChipReader(chip)), server)
        assert_made(chip, server)
        return True
    return False


@pytest.mark.parametrize("acted", [False, True], ids=["before", "after"])
def test_torn_at_any_apdu_it_comes_right(*, acted: bool) -> None:
    torn = next(index for index in range(200) if not was_torn(index, acted=acted))
    assert torn > 40


def test_a_wrong_pin_is_not_tried_again(chip: VirtualCard, reader: ChipReader) -> None:
    with pytest.raises(WrongSecret) as refused:
        at(reader).log_in(Secret(b"999999"))
    assert (refused.value.which, refused.value.tries_left) == (SecretKind.PIN, 2)
    assert chip.pin.left == 2


@pytest.mark.parametrize("pin", [b"12345", b"123456789", "12345é".encode(), b"", b"12 456"])
def test_a_pin_of_another_form_costs_no_try(chip: VirtualCard, pin: bytes) -> None:
    reader = ChipReader(chip)
    card = at(reader)
    with pytest.raises(CardRefused):
        card.change_pin(old=Secret(b"123456"), new=Secret(pin))
    assert not reader.heads
    assert chip.pin.left == 3


def test_letters_are_refused_where_the_card_takes_digits() -> None:
    with pytest.raises(CardRefused, match="digits"):
        at(ChipReader(VirtualCard()), PivSettings()).log_in(Secret(PIN))


def test_pin_is_changed_and_unblocked(chip: VirtualCard, reader: ChipReader) -> None:
    card = at(reader)
    card.begin_order(ORDER)
    assert card.state().pin_tries_left is None
    card.hand_over(pin=Secret(b"1234z6"), puk=Secret(b"12345678"))
    card.change_pin(old=Secret(b"1234z6"), new=Secret(PIN))
    for _ in range(3):
        with pytest.raises(WrongSecret):
            card.log_in(Secret(b"000000"))
    assert card.state().pin_tries_left == 0
    card.unblock_pin(puk=Secret(b"12345678"), new=Secret(b"new456"))
    card.log_in(Secret(b"new456"))
    assert (card.state().puk_tries_left, chip.pin.left) == (3, 3)


def test_signing_needs_the_pin(reader: ChipReader) -> None:
    server: dict[str, bytes] = {}
    make(at(reader), server)
    fresh = at(reader)
    fresh.start_afresh()
    with pytest.raises(PinNeeded):
        fresh.sign(b"x")


def test_a_certificate_for_another_key_is_never_written(
    chip: VirtualCard, reader: ChipReader
) -> None:
    card = at(reader)
    card.begin_order(ORDER)
    card.begin()
    card.ensure_key()
    with pytest.raises(CardRefused, match="another key"):
        card.write_certificates(ISSUERS)
    assert set(chip.objects) == {"5fc120"}


def test_a_key_that_was_exchanged_is_noticed(chip: VirtualCard, reader: ChipReader) -> None:
    card = at(reader)
    card.begin_order(ORDER)
    card.begin()
    card.ensure_key()
    chip.keys[0x9A] = make_key(b"\x11")
    with pytest.raises(CardDiffers):
        card.certification_request()


def test_an_ended_order_leaves_no_certificate(chip: VirtualCard, reader: ChipReader) -> None:
    server: dict[str, bytes] = {}
    make(at(reader), server)
    card = at(reader)
    card.start_afresh()
    card.make_blank()
    assert set(chip.objects) == {"5fc120"}
    assert (card.state().phase, card.order_key(), card.card_number()) == (
        Phase.BLANK,
        None,
        NUMBER,
    )


def test_a_card_of_another_administrator_is_refused() -> None:
    chip = VirtualCard(vendor=True, lock=AdminLock(AES_192, bytes(24)))
    with pytest.raises(CardRefused, match="administration key"):
        at(ChipReader(chip)).begin_order(ORDER)


def test_a_card_in_use_for_something_else_is_refused(chip: VirtualCard) -> None:
    chip.objects["5fc120"] = b"\x70\x01\x00"
    with pytest.raises(CardRefused, match="did not write"):
        at(ChipReader(chip)).state()


def test_numbers_that_differ_are_refused(reader: ChipReader) -> None:
    card = at(reader)
    card.begin_order(ORDER)
    card.start_afresh()
    card.printed = CardNumber("ZID-0002")
    with pytest.raises(CardRefused, match="another number"):
        card.card_number()


def test_the_vendors_serial_number_serves_where_none_is_printed(reader: ChipReader) -> None:
    card = at(reader)
    card.printed = None
    assert card.card_number() == CardNumber("PIV-0020261122")
    plain = PivCard.at(reader, settings=PivSettings(), entropy=Counting())
    with pytest.raises(CardRefused, match="number"):
        plain.card_number()


def test_a_card_without_the_application_is_left_as_it_is(chip: VirtualCard) -> None:
    longer, other = bytes.fromhex("A00000030800001000"), bytes.fromhex("D276000124")
    assert at(ChipReader(chip), PivSettings(aid=longer)).state().phase is Phase.BLANK
    reader = ChipReader(chip)
    with pytest.raises(CardRefused, match="no application D276000124"):
        at(reader, PivSettings(aid=other)).state()
    assert len(reader.heads) == 1


def test_a_card_with_a_certificate_of_somebody_else_keeps_its_key(chip: VirtualCard) -> None:
    """A UZI pass in the reader for cards, or somebody's own key."""
    chip.keys[0x9A] = key = make_key(b"\x11")
    chip.objects["5fc105"] = b"\x70\x02\x30\x00\x71\x01\x00\xfe\x00"
    with pytest.raises(CardRefused, match="did not write"):
        at(ChipReader(chip)).begin_order(ORDER)
    assert chip.keys[0x9A] is key
    assert "5fc120" not in chip.objects
