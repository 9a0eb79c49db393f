from collections import Counter
from dataclasses import dataclass, field

import pytest

from ca.serials import new_serial
from pki.domain.errors import IntegrityBroken
from pki.ports import SystemEntropy


@dataclass
class Scripted:
    """Gives what it was told, the last for ever."""

    draws: list[bytes]
    asked: list[int] = field(default_factory=list)

    def octets(self, count: int) -> bytes:
        self.asked.append(count)
        return self.draws.pop(0) if len(self.draws) > 1 else self.draws[0]


def test_serials_have_twenty_octets_and_a_first_digit_of_one_to_seven() -> None:
    serials = [new_serial(SystemEntropy()) for _ in range(2000)]
    assert len(set(serials)) == len(serials)
    digits = Counter(each.hex[0] for each in serials)
    assert set(digits) == set("1234567")
    # 2000 even draws over seven digits: 286 each, standard deviation 16.
    assert all(186 < count < 386 for count in digits.values())
    second = Counter(each.hex[1] for each in serials)
    assert set(second) == set("0123456789abcdef")


def test_the_top_bit_is_cut_off_and_too_small_numbers_are_drawn_again() -> None:
    entropy = Scripted([bytes(20), b"\x8f" + bytes(19), b"\x9f" + b"\xff" * 19])
    assert new_serial(entropy).hex == "1f" + "ff" * 19
    assert entropy.asked == [20, 20, 20]


def test_a_random_source_that_is_none_is_noticed() -> None:
    with pytest.raises(IntegrityBroken):
        new_serial(Scripted([bytes(20)]))
