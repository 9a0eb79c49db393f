"""What a reader with keys is asked, octet for octet (PC/SC part 10 v2.02.09), and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_writer.at_reader import NotTyped, PinNotTyped
from card_writer.card_edge import CardGone, CardRefused, SecretKind, WrongSecret
from card_writer.piv.at_reader import FORM, PivAtReader
from card_writer.readers.pin_pad import PinPad

VERIFY, MODIFY, PROPERTIES, TLV = 0x42000D4E, 0x42000D4F, 0x42000D52, 0x42000D5A
FEATURES = bytes.fromhex("06 04 42000D4E 07 04 42000D4F 0A 04 42000D52 12 04 42000D5A")
ASKED_TO_VERIFY = bytes.fromhex(
    "1E 1E"  # seconds before the first key, and after it
    "82"  # octets, from the first one on, left justified, ASCII
    "08"  # no length is written; the block has eight octets
    "00"
    "08 06"  # six to eight digits, little-endian
    "02"  # until OK is pressed
    "01 13 04 00"  # one message, Dutch, the first
    "00 00 00"
    "0D 00 00 00"
    "00 20 00 80 08 FF FF FF FF FF FF FF FF"
)
ASKED_TO_CHANGE = bytes.fromhex(
    "1E 1E 82 08 00"
    "00 08"  # the old one in the first block, the new one in the second
    "08 06"
    "03"  # the old one is asked for, the new one twice
    "02"
    "03 13 04 00 01 02"  # three messages
    "00 00 00"
    "15 00 00 00"
    "00 24 00 80 10 FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF"
)


@dataclass
class Reader:
    """Answers by control code, and keeps what it was asked."""

    told: bytes | None = FEATURES
    answers: Mapping[int, bytes] = field(default_factory=dict)
    asked: list[tuple[int, bytes]] = field(default_factory=list)

    def features(self) -> bytes | None:
        return self.told

    def control(self, code: int, data: bytes) -> bytes | None:
        self.asked.append((code, data))
        return self.answers.get(code)


def pad_of(reader: Reader) -> PinPad | None:
    return PinPad.of(reader, FORM, 0x0413)


def card_at(reader: Reader) -> PivAtReader:
    pad = pad_of(reader)
    assert pad is not None
    reader.asked.clear()
    return PivAtReader(pad, lambda: None)


def answering(octets: str) -> PivAtReader:
    said = bytes.fromhex(octets)
    return card_at(Reader(answers={VERIFY: said, MODIFY: said}))


def test_a_pin_is_proven_by_the_structure_of_the_standard() -> None:
    reader = Reader(answers={VERIFY: b"\x90\x00"})
    card_at(reader).log_in()
    assert reader.asked == [(VERIFY, ASKED_TO_VERIFY)]


def test_a_pin_is_changed_by_the_structure_of_the_standard() -> None:
    reader = Reader(answers={MODIFY: b"\x90\x00"})
    card_at(reader).change_pin()
    assert reader.asked == [(MODIFY, ASKED_TO_CHANGE)]


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        ("6400", NotTyped.TIMED_OUT),
        ("6401", NotTyped.CANCELLED),
        ("6402", NotTyped.DIFFERENT),
        ("6403", NotTyped.LENGTH),
    ],
)
def test_what_was_not_typed_is_told_from_what_was_wrong(octets: str, why: NotTyped) -> None:
    for do in (answering(octets).log_in, answering(octets).change_pin):
        with pytest.raises(PinNotTyped) as caught:
            do()
        assert caught.value.why is why


@pytest.mark.parametrize(("octets", "left"), [("63C2", 2), ("63C0", 0), ("6983", 0)])
def test_a_pin_that_the_card_refuses_is_wrong(octets: str, left: int) -> None:
    for do in (answering(octets).log_in, answering(octets).change_pin):
        with pytest.raises(WrongSecret) as caught:
            do()
        assert (caught.value.which, caught.value.tries_left) == (SecretKind.PIN, left)


def test_a_reader_that_does_not_understand_names_the_setting() -> None:
    with pytest.raises(CardRefused) as caught:
        answering("6B80").log_in()
    assert "pin_pad = false" in caught.value.next_step


@pytest.mark.parametrize("octets", ["", "90", "6F00", "6982"])
def test_other_answers_are_refusals(octets: str) -> None:
    with pytest.raises(CardRefused):
        answering(octets).log_in()


def test_a_reader_without_an_answer_leaves_the_outcome_unknown() -> None:
    with pytest.raises(CardGone) as caught:
        card_at(Reader()).log_in()
    assert caught.value.outcome_unknown


@pytest.mark.parametrize(
    "told",
    [
        None,
        b"",
        FEATURES[6:12],
        FEATURES[:5],
        bytes.fromhex("06 02 4200"),
        bytes.fromhex("01 04 42000D49 02 04 42000D4A"),
    ],
    ids=["no such code", "nothing", "changing only", "cut short", "two octets", "old features"],
)
def test_readers_whose_keys_are_not_used(told: bytes | None) -> None:
    assert pad_of(Reader(told=told)) is None


@pytest.mark.parametrize(
    ("properties", "used"),
    [
        ("", True),
        ("06 01 04 07 01 08", True),
        ("06 01 06 07 01 10", True),
        ("06 01 04 07 01 06", False),
        ("06 01 07 07 01 08", False),
        ("07 02 08 00", True),
        ("07 01", True),
    ],
)
def test_a_reader_that_takes_other_lengths_is_not_used(properties: str, used: bool) -> None:
    reader = Reader(answers={TLV: bytes.fromhex(properties)})
    assert (pad_of(reader) is not None) == used


@pytest.mark.parametrize(
    ("properties", "ends"), [("0000 07 00", 2), ("0000 05 00", 5), ("0000 00 00", 2), ("00", 2)]
)
def test_entry_ends_as_the_reader_can(properties: str, ends: int) -> None:
    pad = pad_of(Reader(answers={PROPERTIES: bytes.fromhex(properties)}))
    assert pad is not None
    assert pad.ends == ends


def test_a_reader_that_only_proves_changes_no_pin() -> None:
    card = card_at(Reader(told=FEATURES[:6]))
    assert not card.can_change
    assert card_at(Reader()).can_change


@given(st.binary(max_size=64), st.binary(max_size=16), st.binary(max_size=16))
def test_whatever_a_reader_tells_is_read(told: bytes, sizes: bytes, properties: bytes) -> None:
    reader = Reader(told=told, answers={TLV: sizes, PROPERTIES: properties})
    pad = pad_of(reader)
    assert pad is None or 0 <= pad.ends <= 255
