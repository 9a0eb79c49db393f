"""What a ceremony may do in a token: it refuses what exists, and what is not as it was asked."""

import pytest

from fakes.pkcs11 import FAKE_PIN, FakeLibrary, ThreadPeer
from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid, Conflict, IntegrityBroken, NotFound
from pki.keys.pin import Pin
from pki.keys.pkcs11 import ceremony
from pki.keys.pkcs11.module import Pkcs11Module
from pki.keys.pkcs11.ports import Failed, KeyName


class Hsm:
    def __init__(self) -> None:
        self.library = FakeLibrary()
        self.module = Pkcs11Module(
            "fake", lambda: ThreadPeer(lambda: self.library), answer_seconds=60
        )
        self.module.log_in("t", lambda: Pin(FAKE_PIN))


@pytest.fixture
def hsm() -> Hsm:
    return Hsm()


NEW = KeyName(token="t", key_id=b"\x01", label="new")


def test_a_ceremony_refuses_what_exists(hsm: Hsm) -> None:
    ceremony.generate(hsm.module, NEW, KeyType.P256)
    for key_id, label in ((b"\x01", "other"), (b"\x02", "new")):
        with pytest.raises(Conflict):
            ceremony.generate(
                hsm.module, KeyName(token="t", key_id=key_id, label=label), KeyType.P256
            )
    assert hsm.library.calls.count("generate") == 1


@pytest.mark.parametrize("wrong", [{"extractable": True}, {"sensitive": False}, {"decrypt": True}])
def test_a_key_that_is_not_what_was_asked_is_destroyed(hsm: Hsm, wrong: dict[str, bool]) -> None:
    hsm.library.made_with = wrong
    with pytest.raises(IntegrityBroken, match="destroyed"):
        ceremony.generate(hsm.module, NEW, KeyType.P256)
    assert not hsm.library.stored


def test_a_token_that_is_full_is_asked_once(hsm: Hsm) -> None:
    hsm.library.faults["generate"] = [Failed("DeviceMemory")]
    with pytest.raises(ConfigurationInvalid, match="DeviceMemory"):
        ceremony.generate(hsm.module, NEW, KeyType.P256)
    assert hsm.library.calls.count("generate") == 1


def test_destroying_what_is_not_there(hsm: Hsm) -> None:
    with pytest.raises(NotFound):
        ceremony.destroy(hsm.module, NEW)
