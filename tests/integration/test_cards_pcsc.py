"""Readers, connections and the PIV driver over a real pcscd."""

import threading
from queue import Queue
from typing import TYPE_CHECKING

import pytest

from card_writer.card_edge import CardGone, ReaderBusy
from card_writer.readers.held import HeldCard
from desks.made import PIN, PUK, assert_made, at, make
from pki.domain.algorithms import KeyType
from pki.domain.errors import Unavailable
from virtual_card.pcscd import Pcscd
from virtual_card.piv import PivCard as VirtualCard
from virtual_card.piv_keys import TRANSPORT_KEY

if TYPE_CHECKING:
    from card_writer.readers.watch import Slot

pytestmark = pytest.mark.pcsc
SECONDS = 60


def made(pcscd: Pcscd, server: dict[str, bytes], key_type: KeyType = KeyType.P256) -> None:
    with HeldCard.in_reader(pcscd.slot()) as held:
        make(at(held, key_type=key_type), server)


@pytest.mark.parametrize(("key_type", "bar"), [(KeyType.P256, 60), (KeyType.RSA_2048, 75)])
def test_a_card_is_made_through_a_reader_within_its_number_of_commands(
    pcscd: Pcscd, key_type: KeyType, bar: int
) -> None:
    chip, server = VirtualCard(vendor=True), dict[str, bytes]()
    with pcscd.holding(chip) as link:
        made(pcscd, server, key_type)
        assert link.seen <= bar
    assert_made(chip, server)


def test_a_card_that_knows_t0_alone_is_made_through_a_reader(pcscd: Pcscd) -> None:
    chip, server = VirtualCard(vendor=True, t0=True), dict[str, bytes]()
    with pcscd.holding(chip):
        made(pcscd, server)
    assert_made(chip, server)


def test_no_log_knows_a_secret(pcscd: Pcscd, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    with pcscd.holding(VirtualCard(vendor=True)) as link:
        link.pull_after = 30
        with pytest.raises(CardGone):
            made(pcscd, {})
    assert "card gone" in caplog.text
    said = (caplog.text + pcscd.log).lower().replace(" ", "")
    for secret in (PIN, PUK, b"123456", b"12345678", TRANSPORT_KEY):
        assert secret.hex() not in said
        assert secret.decode("latin-1").lower() not in said


@pytest.mark.parametrize("acted", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("index", [9, 44])
def test_pulled_out_of_the_reader_it_comes_right(pcscd: Pcscd, index: int, acted: bool) -> None:
    chip, server = VirtualCard(vendor=True), dict[str, bytes]()
    with pcscd.holding(chip) as link:
        link.pull_before, link.pull_after = (None, index) if acted else (index, None)
        with pytest.raises(CardGone) as gone:
            made(pcscd, server)
        assert gone.value.outcome_unknown
    with pcscd.holding(chip):
        made(pcscd, server)
    assert_made(chip, server)


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
