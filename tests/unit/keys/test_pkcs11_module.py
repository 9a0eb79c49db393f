"""A module's one thread: who waits, who is told so in time, and what is never done."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_pkcs11 import FAKE_PIN, FakeLibrary
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import (
    ConfigurationInvalid,
    Conflict,
    EnvironmentMissing,
    IntegrityBroken,
    NotFound,
    SignatureBroken,
    SignerBusy,
    SignerUnavailable,
)
from pki.keys.checked import CheckedSigner
from pki.keys.pin import Pin
from pki.keys.pkcs11 import ceremony
from pki.keys.pkcs11.loaded import loaded_module
from pki.keys.pkcs11.mechanisms import choose, finished
from pki.keys.pkcs11.module import Pkcs11Module
from pki.keys.pkcs11.ports import Failed, Gone, KeyName, Operation
from pki.keys.pkcs11.signer import Pkcs11Signer
from pki.keys.pool import PooledSigner

KEY = KeyName(token="t", key_id=b"\x01", label="one")
LIMIT = 0.15


class Hsm:
    def __init__(self) -> None:
        self.library = FakeLibrary()
        self.gate = threading.Event()
        self.gate.set()
        self.library.during_sign = self.wait
        self.module = Pkcs11Module("fake", lambda: self.library, answer_seconds=LIMIT)
        self.module.log_in("t", lambda: Pin(FAKE_PIN))
        self.signer = Pkcs11Signer.open(self.module, KEY)

    def wait(self) -> None:
        self.gate.wait(20)

    def bounded(self) -> PooledSigner:
        return PooledSigner(self.signer, concurrency=20, queue_limit=0, timeout_seconds=LIMIT)


@pytest.fixture
def hsm() -> Iterator[Hsm]:
    hsm = Hsm()
    try:
        yield hsm
    finally:
        hsm.gate.set()


async def test_all_calls_come_from_one_thread(hsm: Hsm) -> None:
    async with asyncio.TaskGroup() as group:
        for each in range(50):
            group.create_task(hsm.signer.sign(b"%d" % each))
        group.create_task(asyncio.to_thread(ceremony.inventory, hsm.module, "t"))
    assert len(hsm.library.threads) == 1
    assert threading.get_ident() not in hsm.library.threads
    assert hsm.module.statistics.signatures == 50


async def test_a_module_that_hangs_collects_no_work(hsm: Hsm) -> None:
    bounded = hsm.bounded()
    hsm.gate.clear()
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(expect_busy(bounded)) for _ in range(10)]
    assert all(task.done() for task in waiting)
    queued = hsm.module.pending
    await asyncio.sleep(LIMIT)
    for _ in range(100):
        with pytest.raises(SignerUnavailable, match="does not answer"):
            await bounded.sign(b"now")
    assert hsm.module.pending == queued
    assert hsm.module.statistics.errors["Hanging"] == 100
    hsm.gate.set()
    # The one call that was in the module ended; none of those given up was begun.
    await until_free(hsm.module)
    assert hsm.library.calls.count("sign") == 1
    await bounded.sign(b"goes on")
    assert hsm.library.calls.count("sign") == 2


async def expect_busy(signer: PooledSigner) -> None:
    with pytest.raises(SignerBusy):
        await signer.sign(b"waits")


async def until_free(module: Pkcs11Module) -> None:
    for _ in range(1000):
        if not module.pending:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never ended")


async def test_another_signer_is_not_held_up_by_a_module_that_hangs(hsm: Hsm) -> None:
    other = Hsm()
    hsm.gate.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(expect_busy(hsm.bounded()))
        await other.bounded().sign(b"elsewhere")


async def test_what_does_not_verify_is_withheld(hsm: Hsm) -> None:
    """The fake signs nonsense."""
    with pytest.raises(SignatureBroken):
        await CheckedSigner(hsm.signer).sign(b"x")


async def test_a_restarted_module_forgets_every_handle(hsm: Hsm) -> None:
    other = KeyName(token="u", key_id=b"\x01")
    hsm.module.log_in("u", lambda: Pin(FAKE_PIN))
    asked = Operation(mechanism="ECDSA", data=b"d")
    await hsm.module.sign(other, asked)
    await hsm.module.sign(KEY, asked)
    hsm.library.faults = {"sign": [Gone("DeviceRemoved")], "open": [Gone("NoSuchToken")]}
    await hsm.module.sign(KEY, asked)
    hsm.library.calls.clear()
    await hsm.module.sign(other, asked)
    assert hsm.library.calls == ["open", "find", "sign"]


def test_the_pin_is_asked_once(hsm: Hsm) -> None:
    def never() -> Pin:
        raise AssertionError("a descriptor can be read only once")

    hsm.module.log_in("t", never)


def test_a_start_with_a_wrong_pin_is_a_fault_of_the_configuration() -> None:
    """Its exit code is not the one after which a service is started again by itself."""
    library = FakeLibrary()
    module = Pkcs11Module("locked", lambda: library, answer_seconds=LIMIT)
    for _ in range(3):
        with pytest.raises(ConfigurationInvalid, match="refused the PIN"):
            module.log_in("t", lambda: Pin(b"wrong"))
    assert library.calls == ["open"]


def test_a_library_that_cannot_be_loaded_is_not_kept() -> None:
    tries: list[int] = []

    def load() -> FakeLibrary:
        tries.append(1)
        if len(tries) == 1:
            raise ConfigurationInvalid(key="module", message="no module")
        return FakeLibrary()

    module = Pkcs11Module("late", load, answer_seconds=LIMIT)
    with pytest.raises(ConfigurationInvalid, match="no module"):
        module.log_in("t", lambda: Pin(FAKE_PIN))
    module.log_in("t", lambda: Pin(FAKE_PIN))


def test_without_python_pkcs11_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("library", "objects"):
        monkeypatch.delitem(sys.modules, f"pki.keys.pkcs11.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    path = tmp_path / "module.so"
    path.touch()
    module = loaded_module(path, answer_seconds=LIMIT)
    with pytest.raises(EnvironmentMissing) as caught:
        module.log_in("t", lambda: Pin(FAKE_PIN))
    assert "extra hsm" in caught.value.next_step


def test_start_does_not_wait_for_ever(hsm: Hsm) -> None:
    stuck = threading.Event()
    with pytest.raises(SignerBusy, match="did not answer"):
        hsm.module.call("t", lambda _session: stuck.wait(5), seconds=0.05)
    stuck.set()


@pytest.mark.parametrize(
    ("raw", "broken"), [(b"", True), (b"\x01" * 63, True), (b"\x01" * 64, False)]
)
def test_ecdsa_answers_of_impossible_length(raw: bytes, *, broken: bool) -> None:
    if broken:
        with pytest.raises(SignatureBroken):
            finished(SignatureAlgorithm.ECDSA_SHA256, raw)
    else:
        assert finished(SignatureAlgorithm.ECDSA_SHA256, raw)[:1] == b"\x30"


def test_a_token_without_the_mechanism_is_refused() -> None:
    rsa = SignatureAlgorithm.SHA256_RSA
    assert choose(rsa, frozenset({"RSA_PKCS", "SHA256_RSA_PKCS"})) == "RSA_PKCS"
    assert choose(rsa, frozenset({"SHA256_RSA_PKCS"})) == "SHA256_RSA_PKCS"
    with pytest.raises(ConfigurationInvalid, match="cannot sign with"):
        choose(rsa, frozenset({"SHA512_RSA_PKCS"}))


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
