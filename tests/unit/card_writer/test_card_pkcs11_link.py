"""Messages to a module's process, its refusals, PINs typed at a reader's own keys: no module."""

import io
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_writer.card_edge import CardGone, CardRefused, PinNeeded, SecretKind, WrongSecret
from card_writer.pkcs11 import frames
from card_writer.pkcs11.link import TokenLink
from card_writer.pkcs11.module import Answer, TokenInfo
from card_writer.pkcs11.refusals import TokenRefused, refused
from card_writer.secret import Secret

INITIALISED, LOCKED, FINAL, PAD = 0x408, 0x40000, 0x20000, 0x100


def token(flags: int = INITIALISED, reader: str = "Reader 00 00") -> TokenInfo:
    return TokenInfo(slot=1, reader=reader, label="", serial="", flags=flags)


@dataclass
class FakeModule:
    """Answers `open` with ``fault``, and keeps what it was sent."""

    present: tuple[TokenInfo, ...] = (token(),)
    fault: str = ""
    calls: list[tuple[str, tuple[Secret | bytes, ...], dict[str, Any]]] = field(
        default_factory=list
    )

    def tokens(self) -> tuple[TokenInfo, ...]:
        return self.present

    def call(self, name: str, *parts: Secret | bytes, **fields: Any) -> Answer:
        self.calls.append((name, parts, fields))
        if self.fault:
            raise refused(self.fault, doing=name)
        return Answer(True, [])


@given(st.dictionaries(st.text(), st.integers()), st.lists(st.binary(), max_size=5))
def test_what_is_sent_is_received(head: dict[str, int], parts: list[bytes]) -> None:
    stream = io.BytesIO()
    frames.write(stream, head, parts)
    stream.seek(0)
    assert frames.read(stream) == (head, [bytearray(part) for part in parts])


@given(st.binary(max_size=40))
def test_anything_else_is_a_broken_frame(octets: bytes) -> None:
    try:
        head, parts = frames.read(io.BytesIO(octets))
    except frames.BrokenFrame:
        return
    again = io.BytesIO()
    frames.write(again, head, parts)
    assert isinstance(head, dict)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("DeviceRemoved", CardGone),
        ("TokenNotPresent", CardGone),
        ("UserNotLoggedIn", PinNeeded),
        ("PinLenRange", CardRefused),
        ("GeneralError", TokenRefused),
        ("UnusableKeyError", TokenRefused),
    ],
)
def test_return_values_become_typed_refusals(value: str, kind: type[Exception]) -> None:
    error = refused(value, doing="sign")
    assert type(error) is kind
    assert "sign" in error.message


@pytest.mark.parametrize(
    ("fault", "flags", "left"),
    [
        ("PinIncorrect", INITIALISED, 2),
        ("PinIncorrect", INITIALISED | FINAL, 1),
        ("PinIncorrect", INITIALISED | LOCKED, 0),
        ("PinLocked", INITIALISED, 0),
    ],
)
def test_a_wrong_pin_says_how_many_tries_are_left_at_least(
    fault: str, flags: int, left: int
) -> None:
    link = TokenLink(FakeModule((token(flags),), fault), None)
    with pytest.raises(WrongSecret) as wrong:
        link.open(SecretKind.PIN, Secret(b"123456"))
    assert (wrong.value.which, wrong.value.tries_left) == (SecretKind.PIN, left)
    assert not link.is_user


def test_a_pin_typed_at_the_reader_does_not_pass_through_here() -> None:
    module = FakeModule((token(INITIALISED | PAD),))
    link = TokenLink(module, None)
    assert link.info().pin_pad
    link.open(SecretKind.PIN)
    assert module.calls == [("open", (), {"slot": 1, "who": "user"})]
    assert link.is_user


def test_a_reader_is_found_by_its_name_or_a_part_of_it() -> None:
    two = (token(reader="Reader 00 01 "), token(reader="Reader 00 010"), token(reader="Other"))
    module = FakeModule(two)
    assert TokenLink(module, "Reader 00 01").info() is two[0]
    assert TokenLink(module, "Oth").info() is two[2]
    with pytest.raises(CardRefused, match="more than one"):
        TokenLink(module, "Reader").info()
    with pytest.raises(CardGone):
        TokenLink(module, "none").info()


def test_a_token_that_was_never_initialised_is_no_pass() -> None:
    with pytest.raises(CardGone):
        TokenLink(FakeModule((token(0),)), None).info()


def test_a_session_that_was_lost_is_opened_anew() -> None:
    module = FakeModule()
    link = TokenLink(module, None)
    link.open(SecretKind.PIN, Secret(b"123456"))
    link.ready()
    link.close()
    assert not link.is_user
    link.ready()
    assert [name for name, _, _ in module.calls] == ["open", "close", "open"]
