"""Readers, connections and the PIV driver over a real pcscd."""

import threading
from queue import Queue
from typing import TYPE_CHECKING

import pytest

from card_writer.card_edge import CardGone, Phase, PinCharacters, ReaderBusy
from card_writer.piv.card import PivCard
from card_writer.piv.rights import PivSettings
from card_writer.readers.held import HeldCard
from card_writer.secret import Secret
from pki.domain.algorithms import KeyType
from pki.domain.errors import Unavailable
from pki.domain.identifiers import CardNumber, IdempotencyKey
from pki.ports import SystemEntropy
from vcard_pcscd import Pcscd
from vcard_piv import PivCard as VirtualCard

if TYPE_CHECKING:
    from card_writer.readers.watch import Slot

pytestmark = pytest.mark.pcsc
PIN, PUK = b"aB3$x9", b"86420975"
SETTINGS = PivSettings(
    pin_characters=PinCharacters.PRINTABLE_ASCII, ask_vendor=True, master=Secret(bytes(range(32)))
)
SECONDS = 60


def make(pcscd: Pcscd) -> PivCard:
    with HeldCard.in_reader(pcscd.slot()) as held:
        card = PivCard.at(
            held,
            settings=SETTINGS,
            entropy=SystemEntropy(),
            key_type=KeyType.P256,
            printed=CardNumber("ZID-0001"),
        )
        if card.order_key() is None:
            card.remember_order(IdempotencyKey("k" * 32))
        if card.state().phase is Phase.ORDERED:
            card.begin()
            card.ensure_key()
            card.certification_request()
        card.hand_over(pin=Secret(PIN), puk=Secret(PUK))
        card.start_afresh()
        card.log_in(Secret(PIN))
        card.sign(b"challenge")
        card.finish()
        return card


def test_a_card_is_made_through_a_reader(pcscd: Pcscd) -> None:
    chip = VirtualCard(vendor=True)
    with pcscd.holding(chip):
        make(pcscd)
    assert (chip.pin.value, chip.puk.value) == (PIN + b"\xff\xff", PUK)


@pytest.mark.parametrize("acted", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("index", [3, 9, 14])
def test_pulled_out_of_the_reader_it_comes_right(pcscd: Pcscd, index: int, acted: bool) -> None:
    chip = VirtualCard(vendor=True)
    with pcscd.holding(chip) as link:
        link.pull_before, link.pull_after = (None, index) if acted else (index, None)
        with pytest.raises(CardGone) as gone:
            make(pcscd)
        assert gone.value.outcome_unknown
    with pcscd.holding(chip):
        make(pcscd)
    assert (chip.pin.value, chip.pin.left) == (PIN + b"\xff\xff", 3)


def test_a_card_is_held_by_one_program(pcscd: Pcscd) -> None:
    with pcscd.holding(VirtualCard()):
        with HeldCard.in_reader(pcscd.slot()), pytest.raises(ReaderBusy):
            HeldCard.in_reader(pcscd.slot())
        HeldCard.in_reader(pcscd.slot()).close()


def test_no_card_and_no_reader(pcscd: Pcscd) -> None:
    with pytest.raises(CardGone):
        HeldCard.in_reader(pcscd.slot())
    with pytest.raises(Unavailable):
        HeldCard.in_reader("no such reader")


def first_atr(told: "Queue[tuple[Slot, ...]]", *, present: bool) -> bytes:
    """What the first slot holds once a card is, or is no more, in it."""
    slots = told.get(timeout=SECONDS)
    while slots[0].has_card != present:
        slots = told.get(timeout=SECONDS)
    return slots[0].atr


def test_a_watch_tells_what_comes_and_goes_and_ends_when_cancelled(pcscd: Pcscd) -> None:
    from card_writer.readers.watch import Watch  # noqa: PLC0415 -- pyscard may be missing

    told: Queue[tuple[Slot, ...]] = Queue()
    chip = VirtualCard()
    with Watch() as watch:

        def listen() -> None:
            for slots in watch.changes():
                told.put(slots)

        thread = threading.Thread(target=listen)
        thread.start()
        assert not first_atr(told, present=False)
        with pcscd.holding(chip):
            assert first_atr(told, present=True) == chip.atr
            assert watch_once()[0].atr == chip.atr
        assert not first_atr(told, present=False)
        watch.cancel()
        thread.join(SECONDS)
        assert not thread.is_alive()
        assert told.qsize() < 10


def watch_once() -> "tuple[Slot, ...]":
    from card_writer.readers.watch import Watch  # noqa: PLC0415 -- pyscard may be missing

    with Watch() as watch:
        return watch.slots()


def test_the_reader_service_goes_away(pcscd: Pcscd) -> None:
    with pcscd.holding(VirtualCard()), HeldCard.in_reader(pcscd.slot()) as held:
        with pcscd.away():
            with pytest.raises(CardGone) as gone:
                held.transmit(bytearray(b"\x00\xa4\x04\x00"))
            assert gone.value.outcome_unknown
            with pytest.raises(Unavailable, match="reader service"):
                watch_once()
            with pytest.raises(Unavailable, match="reader service"):
                HeldCard.in_reader(pcscd.slot())
        assert [slot.has_card for slot in watch_once()] == [False, False]
