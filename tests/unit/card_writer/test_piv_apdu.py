"""APDUs, data objects and refusals, against recorded exchanges: no card."""

from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_writer.card_edge import CardRefused, PinNeeded, SecretKind, WrongSecret
from card_writer.piv import commands, tlv
from card_writer.piv.admin_key import AdminKey, Algorithm, diversified, transport_key
from card_writer.piv.apdu import Command, Dialogue, perform, send
from card_writer.secret import Secret
from pki.domain.identifiers import CardNumber

Result = TypeVar("Result")


class Recording:
    """Answers as a card did, and holds the writer to what it sent then."""

    def __init__(self, *exchanges: tuple[str, str]) -> None:
        self.left = [(bytes.fromhex(sent), bytes.fromhex(got)) for sent, got in exchanges]

    def transmit(self, apdu: bytearray) -> bytes:
        expected, answer = self.left.pop(0)
        assert bytes(apdu) == expected
        return answer


def play(dialogue: Dialogue[Result], *exchanges: tuple[str, str]) -> Result:
    recording = Recording(*exchanges)
    result = perform(dialogue, recording.transmit)
    assert not recording.left
    return result


def test_a_long_command_goes_in_parts_and_a_long_answer_comes_in_parts() -> None:
    exchanges = [
        ("10db3fffff" + "aa" * 255, "9000"),
        ("00db3fff03" + "aa" * 3 + "00", "1122" + "6102"),
        ("00c0000002", "3344" + "9000"),
    ]
    answer = play(send(Command(0xDB, 0x3F, 0xFF, b"\xaa" * 258)), *exchanges)
    assert (answer.data.hex(), answer.status) == ("11223344", 0x9000)


def test_a_chained_command_ends_at_the_part_that_is_refused() -> None:
    answer = play(
        send(Command(0xDB, 0x3F, 0xFF, b"\xaa" * 600)), ("10db3fffff" + "aa" * 255, "6982")
    )
    assert answer.status == 0x6982


def test_a_card_that_names_another_length_is_asked_for_that() -> None:
    exchanges = [("00cb3fff0100" + "00", "6c02"), ("00cb3fff0100" + "02", "abcd9000")]
    assert play(send(Command(0xCB, 0x3F, 0xFF, b"\0")), *exchanges).data.hex() == "abcd"


@pytest.mark.parametrize("answer", ["", "90", "6100"])
def test_answers_that_are_none_or_do_not_end(answer: str) -> None:
    def transmit(apdu: bytearray) -> bytes:
        return bytes.fromhex(answer)

    with pytest.raises(CardRefused):
        perform(send(Command(0xCB, 0x3F, 0xFF)), transmit)


def test_every_command_is_wiped_after_it_was_sent() -> None:
    sent: list[bytearray] = []

    def transmit(apdu: bytearray) -> bytes:
        sent.append(apdu)
        return bytes.fromhex("9000")

    perform(commands.verify(Secret(b"123456")), transmit)
    assert sent == [bytearray(13)]


@given(st.binary(max_size=64))
def test_any_octets_are_data_objects_or_refused(octets: bytes) -> None:
    try:
        found = tlv.decode(octets)
    except CardRefused:
        return
    assert all(isinstance(value, bytes) for value in found.values())


@given(st.sampled_from([0x53, 0x5C, 0x7F49, 0x5FC105]), st.binary(max_size=700))
def test_what_is_encoded_is_read_back(tag: int, value: bytes) -> None:
    assert tlv.decode(tlv.encode(tag, value)) == {tag: value}


def test_the_wrong_pin_says_how_many_tries_are_left() -> None:
    with pytest.raises(WrongSecret) as refused:
        play(commands.verify(Secret(b"123456")), ("0020008008313233343536ffff", "63c2"))
    assert (refused.value.which, refused.value.tries_left) == (SecretKind.PIN, 2)


def test_a_blocked_puk_has_no_tries_left() -> None:
    apdu = "002c008010" + "3132333435363738" + "363534333231ffff"
    with pytest.raises(WrongSecret) as refused:
        play(
            commands.reset_retry_counter(puk=Secret(b"12345678"), new=Secret(b"654321")),
            (apdu, "6983"),
        )
    assert (refused.value.which, refused.value.tries_left) == (SecretKind.PUK, 0)


def test_a_missing_right_is_told_apart_from_other_refusals() -> None:
    apdu = "0087119a" + "26" + "7c24" + "8200" + "8120" + "00" * 32 + "00"
    with pytest.raises(PinNeeded):
        play(commands.sign(0x9A, 0x11, bytes(32)), (apdu, "6982"))


@pytest.mark.parametrize("answer", ["9000", "7c009000", "7c0282009000", "53009000", "7c059000"])
def test_signatures_that_are_none(answer: str) -> None:
    with pytest.raises(CardRefused):
        perform(commands.sign(0x9A, 0x11, bytes(32)), lambda _apdu: bytes.fromhex(answer))


def test_mutual_authentication_as_recorded() -> None:
    key = transport_key()
    witness, challenge = bytes(range(8)), bytes(range(8, 16))
    exchanges = [
        ("0087039b047c028000" + "00", "7c0a8008" + key.encrypt(witness).hex() + "9000"),
        (
            "0087039b167c14" + "8008" + witness.hex() + "8108" + challenge.hex() + "00",
            "7c0a8208" + key.encrypt(challenge).hex() + "9000",
        ),
    ]
    assert play(commands.authenticate(key, challenge), *exchanges)


def test_a_card_that_does_not_know_the_key_is_not_trusted() -> None:
    key = transport_key()
    exchanges = [
        ("0087039b047c028000" + "00", "7c0a8008" + "00" * 8 + "9000"),
        (
            "0087039b167c148008" + key.decrypt(bytes(8)).hex() + "8108" + "11" * 8 + "00",
            "7c0a8208" + "22" * 8 + "9000",
        ),
    ]
    with pytest.raises(CardRefused, match="does not hold"):
        play(commands.authenticate(key, b"\x11" * 8), *exchanges)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_each_card_has_a_key_of_its_own(algorithm: Algorithm) -> None:
    master = Secret(bytes(range(32)))

    def drawn(number: str) -> AdminKey:
        return diversified(master, CardNumber(number), algorithm)

    assert drawn("ZID-0001").key.same_as(drawn("ZID-0001").key)
    assert not drawn("ZID-0001").key.same_as(drawn("ZID-0002").key)
    assert len(drawn("ZID-0001").key) == algorithm.key_octets


def test_triple_des_keys_have_odd_parity() -> None:
    key = diversified(Secret(bytes(32)), CardNumber("ZID-0001"), Algorithm.TRIPLE_DES)
    assert all(octet.bit_count() % 2 for octet in key.key.reveal())


def test_a_short_master_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        diversified(Secret(bytes(31)), CardNumber("ZID-0001"), Algorithm.AES_256)


def test_a_secret_shows_itself_nowhere_and_is_wiped() -> None:
    given = bytearray(b"123456")
    with Secret(given) as secret:
        assert given == bytearray(6)
        assert "123456" not in repr(secret)
        buffer = secret.reveal()
        assert buffer == b"123456"
    assert len(secret) == 0
