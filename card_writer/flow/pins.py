"""Which PINs may be chosen, and the PUK: 6 to 8 letters and digits (FAQ ZORG-ID Smartcard)."""

from datetime import date
from enum import Enum
from itertools import pairwise
from typing import Final

from card_writer.card_edge import PinCharacters
from card_writer.secret import Secret
from pki.ports import Entropy

PIN_MIN: Final = 6
PIN_MAX: Final = 8
PUK_DIGITS: Final = 8
PUK_SHOWN_BACK: Final = 4
"""How many of its last characters are typed back, to know that it was written down."""
_DIGITS: Final = frozenset(b"0123456789")
_LETTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_EVEN: Final = 250
"""Octets from here on are thrown away, so that each digit is as likely."""
_FEWEST: Final = 3
"""Different characters that a PIN has at least."""
_KEYBOARD: Final = (b"0123456789", b"abcdefghijklmnopqrstuvwxyz", b"qwertyuiop", b"asdfghjkl")


class PinFault(Enum):
    """What is wrong with a PIN that was chosen; the card was not asked."""

    LENGTH = "length"
    CHARACTERS = "characters"
    ONLY_DIGITS = "only-digits"
    TRIVIAL = "trivial"
    BIRTH_DATE = "birth-date"
    SAME_AS_PUK = "same-as-puk"


def fault_of(
    pin: Secret, *, characters: PinCharacters, puk: Secret | None, birth_date: date | None
) -> PinFault | None:
    """The first rule that a new PIN breaks, if any."""
    octets = pin.reveal()
    if not _only(octets, _DIGITS | _LETTERS):
        return PinFault.CHARACTERS
    if not PIN_MIN <= len(octets) <= PIN_MAX:
        return PinFault.LENGTH
    if characters is PinCharacters.DIGITS and not _only(octets, _DIGITS):
        return PinFault.ONLY_DIGITS
    if puk is not None and pin.same_as(puk):
        return PinFault.SAME_AS_PUK
    if birth_date is not None and _tells(octets, birth_date):
        return PinFault.BIRTH_DATE
    return PinFault.TRIVIAL if _is_trivial(octets) else None


def new_puk(entropy: Entropy) -> Secret:
    """Eight digits by chance, all equally likely but for those that are trivial."""
    while True:
        digits = bytearray()
        while len(digits) < PUK_DIGITS:
            digits += bytes(0x30 + each % 10 for each in entropy.octets(16) if each < _EVEN)
        digits[PUK_DIGITS:] = b""
        if not _is_trivial(digits):
            return Secret(digits)


def is_end_of(typed: Secret, puk: Secret) -> bool:
    """Whether what was typed is how the PUK ends."""
    with Secret(puk.reveal()[-PUK_SHOWN_BACK:]) as end:
        return typed.same_as(end)


def _only(octets: bytearray, allowed: frozenset[int]) -> bool:
    return all(each in allowed for each in octets)


def _tells(octets: bytearray, birth_date: date) -> bool:
    """Whether it is the birth date in a form that people write."""
    forms = ("%d%m%Y", "%d%m%y", "%Y%m%d", "%y%m%d", "%m%d%Y", "%m%d%y")
    return any(birth_date.strftime(form).encode("ascii") == octets for form in forms)


def _is_trivial(octets: bytearray) -> bool:
    """Few characters, all in a row, or a row repeated: 111111, 121212, 12345678, abcdef, 123123."""
    folded = octets.lower()
    try:
        rows = any(_in_a_row(folded, row) for row in _KEYBOARD)
        half = folded[: len(folded) // 2]
        doubled = len(folded) % 2 == 0 and folded == half + half
        return len(set(folded)) < _FEWEST or rows or doubled
    finally:
        folded[:] = bytes(len(folded))


def _in_a_row(octets: bytearray, row: bytes) -> bool:
    if any(each not in row for each in octets):
        return False
    places = [row.index(each) for each in octets]
    steps = {(after - before) % len(row) for before, after in pairwise(places)}
    return steps in ({1}, {len(row) - 1})
