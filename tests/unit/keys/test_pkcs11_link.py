"""The log-in at a token: what is tried again, what is not, and how long nobody waits."""

import pytest

from fakes.pkcs11 import FAKE_PIN, FakeLibrary
from pki.domain.errors import SignerUnavailable
from pki.keys.pkcs11.link import FIRST_PAUSE, LONGEST_PAUSE, TokenLink
from pki.keys.pkcs11.ports import Failed, Gone, KeyMissing, KeyName, Operation, PinRefused
from pki.keys.pkcs11.wire import Event, GivePin, Sign

WORK = Sign(
    key=KeyName(token="t", key_id=b"\x01"), operation=Operation(mechanism="ECDSA", data=b"digest")
)


def given(pin: bytes, *, again: bool = False) -> GivePin:
    return GivePin(token="t", pin=pin, again=again)


class Bench:
    """A link with a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.library = FakeLibrary()
        self.told: list[Event] = []
        self.now = 0.0
        self.link = TokenLink(
            "t",
            library=self.library,
            restart=self.library.restart,
            tell=self.told.append,
            monotonic=lambda: self.now,
        )
        self.link.give_pin(given(FAKE_PIN))

    def sign(self) -> bytes:
        return self.link.use(WORK.run)

    def taken(self) -> list[str]:
        calls, self.library.calls[:] = list(self.library.calls), []
        return calls


@pytest.fixture
def at() -> Bench:
    return Bench()


def test_the_log_in_is_kept(at: Bench) -> None:
    first = at.sign()
    assert at.taken() == ["open", "sign"]
    assert at.sign() == first
    assert at.taken() == ["sign"]
    assert at.told == [Event(name="login", token="t")]


def test_a_lost_session_costs_one_new_log_in(at: Bench) -> None:
    at.sign()
    at.taken()
    at.library.faults["sign"] = [Gone("SessionHandleInvalid")]
    at.sign()
    assert at.taken() == ["sign", "close", "open", "sign"]
    assert [each.name for each in at.told] == ["login", "Gone", "login"]
    assert at.told[1].fault == "SessionHandleInvalid"


def test_a_session_that_is_lost_twice_is_not_tried_on_and_on(at: Bench) -> None:
    at.library.faults["sign"] = [Gone("DeviceRemoved")] * 2
    with pytest.raises(SignerUnavailable, match="again and again"):
        at.sign()
    assert at.taken().count("sign") == 2


def test_a_call_that_may_have_signed_is_not_repeated(at: Bench) -> None:
    at.library.faults["sign"] = [Failed("GeneralError")]
    with pytest.raises(SignerUnavailable, match="GeneralError"):
        at.sign()
    assert at.taken() == ["open", "sign", "close"]
    at.sign()
    assert at.taken() == ["open", "sign"]


def test_a_token_that_is_gone_is_looked_for_ever_less_often(at: Bench) -> None:
    at.library.present = False
    pause = FIRST_PAUSE
    for _ in range(8):
        with pytest.raises(SignerUnavailable, match="cannot be reached"):
            at.sign()
        assert at.taken() == ["open", "restart", "open"]
        at.now += pause * 0.99
        with pytest.raises(SignerUnavailable, match="in a moment"):
            at.sign()
        assert at.taken() == []
        at.now += pause * 0.02
        pause = min(2 * pause, LONGEST_PAUSE)
    at.library.present = True
    at.sign()
    at.library.present = False
    at.link.forget()
    at.taken()
    with pytest.raises(SignerUnavailable):
        at.sign()
    at.now += FIRST_PAUSE * 1.01
    with pytest.raises(SignerUnavailable, match="cannot be reached"):
        at.sign()


def test_a_token_that_a_restart_brings_back_is_used(at: Bench) -> None:
    at.library.faults["open"] = [Gone("NoSuchToken")]
    at.sign()
    assert at.taken() == ["open", "restart", "open", "sign"]


def test_a_wrong_pin_is_given_once(at: Bench) -> None:
    at.library.pin = b"another"
    for _ in range(5):
        with pytest.raises(SignerUnavailable, match="refused the PIN"):
            at.sign()
        at.now += 3600
    assert at.taken() == ["open"]
    assert at.told == [Event(name="PinRefused", token="t", fault="PinIncorrect")]
    at.link.give_pin(given(b"another"))
    at.sign()


def test_a_pin_that_stops_to_be_right_is_given_once(at: Bench) -> None:
    at.sign()
    at.library.pin = b"changed"
    at.library.faults["sign"] = [Gone("UserNotLoggedIn")]
    at.taken()
    for _ in range(3):
        with pytest.raises(SignerUnavailable, match="refused the PIN"):
            at.sign()
    assert at.taken() == ["sign", "close", "open"]


def test_a_token_on_its_final_try_is_left_alone(at: Bench) -> None:
    at.library.faults["open"] = [PinRefused("the next wrong one locks it")]
    for _ in range(2):
        with pytest.raises(SignerUnavailable, match="refused the PIN"):
            at.sign()
    assert at.taken() == ["open"]


def test_a_pin_is_given_again_with_care_until_it_was_right(at: Bench) -> None:
    at.link.give_pin(given(FAKE_PIN, again=True))
    at.sign()
    assert at.taken() == ["open again", "sign"]
    at.link.forget()
    at.sign()
    assert at.taken() == ["close", "open", "sign"]


def test_a_key_that_vanished_is_no_loss_of_the_session(at: Bench) -> None:
    at.library.faults["sign"] = [KeyMissing("there is no such key")]
    with pytest.raises(KeyMissing):
        at.sign()
    at.sign()
    assert at.taken() == ["open", "sign", "sign"]
