"""One thread for one card: order, faults, and a card that stops answering."""

import threading
from dataclasses import dataclass, field

import pytest

from card_writer.card_edge import CardGone, ReaderBusy
from card_writer.readers.held import HeldCard


@dataclass
class Recorder:
    """A connection that notes which thread does what."""

    silent: threading.Event = field(default_factory=threading.Event)
    threads: set[int] = field(default_factory=set)
    done: list[str] = field(default_factory=list)
    hangs: bool = False

    def note(self, what: str) -> None:
        self.threads.add(threading.get_ident())
        self.done.append(what)

    def connect(self) -> "Recorder":
        self.note("connect")
        return self

    def transmit(self, apdu: bytearray) -> bytes:
        self.note("transmit")
        if self.hangs:
            self.silent.wait()
        return bytes(apdu)

    def features(self) -> bytes | None:
        self.note("features")
        return None

    def control(self, code: int, data: bytes) -> bytes | None:
        self.note(f"control {code}")
        return data

    def reset(self) -> None:
        self.note("reset")
        raise CardGone(message="gone", next_step="look", outcome_unknown=False)

    def close(self) -> None:
        self.note("close")


def test_every_call_is_made_by_one_thread_in_order() -> None:
    line = Recorder()
    with HeldCard(line.connect) as card:
        assert card.transmit(bytearray(b"\x00\xa4")) == b"\x00\xa4"
        with pytest.raises(CardGone):
            card.reset()
        assert card.transmit(bytearray(b"\x01")) == b"\x01"
    card.close()
    assert line.done == ["connect", "transmit", "reset", "transmit", "close"]
    assert len(line.threads) == 1
    assert threading.get_ident() not in line.threads


def test_what_keeps_it_from_connecting_is_told_and_the_thread_ends() -> None:
    def busy() -> Recorder:
        raise ReaderBusy(message="held", next_step="close the other program")

    with pytest.raises(ReaderBusy):
        HeldCard(busy)
    for thread in threading.enumerate():
        if thread.name == "card":
            thread.join(60)
    assert "card" not in {thread.name for thread in threading.enumerate()}


def test_a_card_that_hangs_is_given_up_with_its_outcome_unknown() -> None:
    line = Recorder(hangs=True)
    card = HeldCard(line.connect)
    card._answer_seconds = 0.05  # from here on: connecting may take its time
    with pytest.raises(CardGone) as gone:
        card.transmit(bytearray(b"\x00"))
    assert gone.value.outcome_unknown
    with pytest.raises(CardGone, match="let go") as gone:
        card.transmit(bytearray(b"\x01"))
    assert not gone.value.outcome_unknown
    line.silent.set()
    card.close()
    card._thread.join(60)
    assert line.done == ["connect", "transmit", "close"]


def test_a_card_that_was_let_go_is_not_talked_to() -> None:
    line = Recorder()
    card = HeldCard(line.connect)
    card.close()
    with pytest.raises(CardGone):
        card.transmit(bytearray(b"\x00"))
    assert line.done == ["connect", "close"]
