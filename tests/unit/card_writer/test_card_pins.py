"""Which PINs may be chosen, and how a PUK is made."""

from collections import Counter
from datetime import date

import pytest

from card_writer.card_edge import PinCharacters
from card_writer.flow.pins import PinFault, fault_of, is_end_of, new_puk
from card_writer.secret import Secret
from pki.ports import SystemEntropy

BORN = date(1985, 3, 24)
PUK = Secret(b"86420975")


def judged(pin: str, characters: PinCharacters = PinCharacters.PRINTABLE_ASCII) -> PinFault | None:
    return fault_of(Secret(pin.encode()), characters=characters, puk=PUK, birth_date=BORN)


@pytest.mark.parametrize("pin", ["975310", "Zorg42x", "aB3dE6gH", "linde7", "200317"])
def test_good_ones(pin: str) -> None:
    assert judged(pin) is None


@pytest.mark.parametrize(
    ("pin", "fault"),
    [
        ("", PinFault.LENGTH),
        ("zorg1", PinFault.LENGTH),
        ("zorg12345", PinFault.LENGTH),
        ("zörg42", PinFault.CHARACTERS),
        ("zorg 42", PinFault.CHARACTERS),
        ("zorg-42", PinFault.CHARACTERS),
        ("zorg42\x00", PinFault.CHARACTERS),
        ("٣٤٥٦٧٨", PinFault.CHARACTERS),
        ("86420975", PinFault.SAME_AS_PUK),
        ("24031985", PinFault.BIRTH_DATE),
        ("240385", PinFault.BIRTH_DATE),
        ("850324", PinFault.BIRTH_DATE),
        ("12345678", PinFault.TRIVIAL),
        ("876543", PinFault.TRIVIAL),
        ("890123", PinFault.TRIVIAL),
        ("111111", PinFault.TRIVIAL),
        ("121212", PinFault.TRIVIAL),
        ("123123", PinFault.TRIVIAL),
        ("abcdef", PinFault.TRIVIAL),
        ("Qwerty", PinFault.TRIVIAL),
        ("AAAaaa", PinFault.TRIVIAL),
    ],
)
def test_bad_ones_have_a_name(pin: str, fault: PinFault) -> None:
    assert judged(pin) is fault


def test_letters_where_the_card_takes_digits() -> None:
    assert judged("Zorg42x", PinCharacters.DIGITS) is PinFault.ONLY_DIGITS
    assert judged("975310", PinCharacters.DIGITS) is None


def test_puks_are_digits_all_as_likely() -> None:
    seen: Counter[int] = Counter()
    for _ in range(1000):
        with new_puk(SystemEntropy()) as puk:
            assert len(puk) == 8
            assert puk.reveal().isdigit()
            seen.update(puk.reveal())
    assert all(600 < seen[digit] < 1000 for digit in b"0123456789")


class Scripted:
    """Chance that gives what it was told."""

    def __init__(self, *given: bytes) -> None:
        self._given = list(given)

    def octets(self, count: int) -> bytes:
        return self._given.pop(0)[:count]


def test_a_trivial_puk_is_drawn_again() -> None:
    rows = bytes(range(8)) + bytes(range(8))
    drawn = Scripted(rows, b"\xff" * 16, bytes([8, 6, 4, 2, 0, 9, 7, 5]) + bytes(8))
    assert bytes(new_puk(drawn).reveal()) == b"86420975"


def test_the_end_of_the_puk_is_typed_back() -> None:
    assert is_end_of(Secret(b"0975"), PUK)
    assert not is_end_of(Secret(b"0976"), PUK)
    assert not is_end_of(Secret(b"86420975"), PUK)
    assert not is_end_of(Secret(b""), PUK)
