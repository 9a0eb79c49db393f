"""Answers that are cut short, overlong, mistagged or senseless, at any point of a card's making."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from card_writer.piv.keys import CardKey
from card_writer.piv.uzi_pass import PivPass
from card_writer.secret import Secret
from desks.made import assert_made, at, make
from made.uzi import Register
from pki.domain.errors import ZorgidError
from virtual_card.piv import PivCard as VirtualCard
from virtual_card.reader import ChipReader
from virtual_card.uzi import PIN as PASS_PIN
from virtual_card.uzi import uzi_pass

SPOILT: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType(
    {
        "cut short": lambda answer: answer[: max(0, len(answer) - 4)] + answer[-2:],
        "status alone": lambda answer: answer[-2:],
        "no status": lambda answer: answer[:1],
        "overlong": lambda answer: answer[:-2] + bytes(300) + answer[-2:],
        "another tag": lambda answer: bytes([answer[0] ^ 0x2A]) + answer[1:],
        "6F00": lambda _: b"\x6f\x00",
        "more to come": lambda answer: answer[:-2] + b"\x61\x00",
        "other length": lambda _: b"\x6c\x04",
        "bits turned": lambda answer: bytes(octet ^ 0xFF for octet in answer[:-2]) + answer[-2:],
    }
)


class SpoiltReader(ChipReader):
    """A reader that spoils one answer; the card has acted."""

    def __init__(self, chip: VirtualCard, index: int, spoil: Callable[[bytes], bytes]) -> None:
        super().__init__(chip)
        self.index = index
        self.spoil = spoil

    def transmit(self, apdu: bytearray) -> bytes:
        answer = super().transmit(apdu)
        return self.spoil(answer) if len(self.heads) == self.index + 1 else answer


def was_spoilt(index: int, spoil: Callable[[bytes], bytes]) -> bool:
    """Make a card whose answer ``index`` is spoilt, then again in a good reader."""
    chip, server = VirtualCard(vendor=True), dict[str, bytes]()
    spoilt = SpoiltReader(chip, index, spoil)
    try:
        make(at(spoilt), server)
    except ZorgidError:
        chip.power_on()
        make(at(ChipReader(chip)), server)
    assert_made(chip, server)
    return len(spoilt.heads) > index


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_answer_is_refused_and_the_card_comes_right(how: str) -> None:
    ended = next(index for index in range(200) if not was_spoilt(index, SPOILT[how]))
    assert ended > 40


def pass_was_spoilt(
    chip: VirtualCard, key: CardKey, index: int, spoil: Callable[[bytes], bytes]
) -> bool:
    """Let a pass sign whose answer ``index`` is spoilt."""
    chip.power_on()
    spoilt = SpoiltReader(chip, index, spoil)
    found, signed = PivPass(spoilt), b""
    with suppress(ZorgidError):
        found.tries_left()
        found.log_in(Secret(PASS_PIN))
        signed = found.sign(b"challenge")
    if signed:
        key.verify(signed, b"challenge")
    assert chip.pin.left == 3
    return len(spoilt.heads) > index


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_answer_of_a_pass_costs_no_try_and_is_no_signature(
    how: str, uzi_register: Register
) -> None:
    chip, spoil = uzi_pass(uzi_register), SPOILT[how]
    public = uzi_register.pass_key.public_key()
    key = CardKey.load(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    ended = next(each for each in range(50) if not pass_was_spoilt(chip, key, each, spoil))
    assert ended > 5
