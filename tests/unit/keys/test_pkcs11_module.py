"""A module's one process: who waits, who is told so in time, and what is never done."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from fakes.pkcs11 import FAKE_PIN, FakeLibrary, ThreadPeer
from pki.domain.errors import (
    ConfigurationInvalid,
    EnvironmentMissing,
    SignatureBroken,
    SignerUnavailable,
    Unavailable,
)
from pki.keys.checked import CheckedSigner
from pki.keys.pin import Pin
from pki.keys.pkcs11 import ceremony
from pki.keys.pkcs11.child import load_library
from pki.keys.pkcs11.link import LONGEST_PAUSE
from pki.keys.pkcs11.module import Pkcs11Module
from pki.keys.pkcs11.ports import Gone, KeyName, Operation
from pki.keys.pkcs11.process import AHEAD
from pki.keys.pkcs11.signer import Pkcs11Signer
from pki.keys.pkcs11.wire import Event, Sign, encoded
from pki.keys.pool import PooledSigner

KEY = KeyName(token="t", key_id=b"\x01", label="one")
PATIENCE = 60.0
SHORT = 0.4


class Hsm:
    """``limit``: how long a signature may take; short only where that is what happens."""

    def __init__(self, limit: float = PATIENCE) -> None:
        self.limit = limit
        self.library = FakeLibrary()
        self.gate = threading.Event()
        self.gate.set()
        self.library.during_sign = self.wait
        self.peers: list[ThreadPeer] = []
        self.module = Pkcs11Module("fake", self.start, answer_seconds=limit)
        self.module.log_in("t", lambda: Pin(FAKE_PIN))
        self.signer = Pkcs11Signer.open(self.module, KEY)

    def start(self) -> ThreadPeer:
        self.peers.append(ThreadPeer(lambda: self.library))
        return self.peers[-1]

    def wait(self) -> None:
        self.gate.wait(PATIENCE)

    def be_patient(self) -> None:
        self.limit = self.module._answer_seconds = PATIENCE

    def bounded(self) -> PooledSigner:
        return PooledSigner(self.signer, concurrency=20, queue_limit=0, timeout_seconds=self.limit)


@pytest.fixture
def hsm(request: pytest.FixtureRequest) -> Iterator[Hsm]:
    hsm = Hsm(getattr(request, "param", PATIENCE))
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


@pytest.mark.parametrize("hsm", [SHORT], indirect=True)
async def test_a_process_that_hangs_is_ended_and_another_goes_on(hsm: Hsm) -> None:
    bounded, told = hsm.bounded(), hsm.module.statistics
    hsm.gate.clear()
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(expect_unavailable(bounded)) for _ in range(10)]
    assert all(task.done() for task in waiting)
    await until(lambda: not hsm.module.pending and told.errors["Hanging"] == len(hsm.peers))
    assert all(peer.ended for peer in hsm.peers)
    assert told.signatures == 0
    hsm.gate.set()
    hsm.be_patient()
    await until_signed(hsm.bounded())
    assert not hsm.peers[-1].ended
    assert told.logins == 2
    await until(lambda: hsm.library.calls.count("open again") == len(hsm.peers) - 1)


async def test_a_process_that_crashes_costs_the_call_that_it_was_at(hsm: Hsm) -> None:
    hsm.library.during_sign = hsm.peers[0].crash
    with pytest.raises(SignerUnavailable, match="was lost"):
        await hsm.signer.sign(b"who knows")
    hsm.library.during_sign = hsm.wait
    await hsm.signer.sign(b"the next")
    assert hsm.module.statistics.errors["Crashed"] == 1
    assert len(hsm.peers) == 2


async def test_a_process_that_ended_in_peace_costs_nothing(hsm: Hsm) -> None:
    await hsm.signer.sign(b"before")
    hsm.peers[0].crash()
    await hsm.signer.sign(b"after")
    assert hsm.module.statistics.logins == 2


async def test_what_crashes_again_and_again_is_left_alone_for_a_while(hsm: Hsm) -> None:
    def crash() -> None:
        hsm.peers[-1].crash()

    hsm.library.during_sign = crash
    began = time.monotonic()
    for _ in range(60):
        with pytest.raises(SignerUnavailable):
            await hsm.signer.sign(b"x")
    # Seven until the pauses have grown to the longest.
    assert 2 <= len(hsm.peers) <= 7 + (time.monotonic() - began) / LONGEST_PAUSE


async def test_a_refused_pin_is_not_given_to_the_next_process(hsm: Hsm) -> None:
    hsm.library.faults["sign"] = [Gone("UserNotLoggedIn")]
    hsm.library.pin = b"changed"
    with pytest.raises(SignerUnavailable, match="refused the PIN"):
        await hsm.signer.sign(b"x")
    for _ in range(3):
        hsm.peers[-1].crash()
        with pytest.raises(SignerUnavailable, match="refused the PIN"):
            await hsm.signer.sign(b"x")
        await asyncio.sleep(0.3)
    assert hsm.library.calls.count("open") + hsm.library.calls.count("open again") == 2


async def test_an_answer_of_another_kind_is_a_loss(hsm: Hsm) -> None:
    for nonsense in (b"\n", b'["Event", "a"]\n', encoded(Event(name="login", token="t"))):
        hsm.peers[-1].answer = partial(_said, nonsense)  # type: ignore[method-assign] # a fault
        with pytest.raises(SignerUnavailable, match="was lost"):
            await hsm.signer.sign(b"x")
        await hsm.signer.sign(b"y")


async def test_what_is_given_up_before_its_turn_is_never_begun(hsm: Hsm) -> None:
    hsm.gate.clear()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hsm.signer.sign(b"x")) for _ in range(40)]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        for _ in range(3):
            await asyncio.sleep(0)
        hsm.gate.set()
    assert all(task.cancelled() for task in tasks)
    await hsm.signer.sign(b"y")
    assert hsm.library.calls.count("sign") <= AHEAD + 1


def _said(line: bytes, _seconds: float) -> bytes:
    return line


async def expect_unavailable(signer: PooledSigner) -> None:
    with pytest.raises(Unavailable):
        await signer.sign(b"waits")


async def until_signed(signer: PooledSigner) -> None:
    for _ in range(1200):
        try:
            await signer.sign(b"goes on")
        except Unavailable:
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError("it never recovered")


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 -- what is waited for happens in other threads
            await asyncio.sleep(0.01)


async def test_another_signer_is_not_held_up_by_a_module_that_hangs(hsm: Hsm) -> None:
    other = Hsm()
    hsm.gate.clear()
    async with asyncio.TaskGroup() as group:
        held = group.create_task(hsm.bounded().sign(b"held"))
        await other.bounded().sign(b"elsewhere")
        assert not held.done()
        hsm.gate.set()


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
    assert hsm.library.calls == ["open", "sign"]


def test_the_pin_is_asked_once(hsm: Hsm) -> None:
    def never() -> Pin:
        raise AssertionError("a descriptor can be read only once")

    hsm.module.log_in("t", never)


def test_a_start_with_a_wrong_pin_is_a_fault_of_the_configuration() -> None:
    """Its exit code is not the one after which a service is started again by itself."""
    library = FakeLibrary()
    module = Pkcs11Module("locked", lambda: ThreadPeer(lambda: library), answer_seconds=PATIENCE)
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

    module = Pkcs11Module("late", lambda: ThreadPeer(load), answer_seconds=PATIENCE)
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
    module = Pkcs11Module(
        "none", lambda: ThreadPeer(lambda: load_library(path)), answer_seconds=PATIENCE
    )
    with pytest.raises(EnvironmentMissing) as caught:
        module.log_in("t", lambda: Pin(FAKE_PIN))
    assert "extra hsm" in caught.value.next_step


def test_start_does_not_wait_for_ever(hsm: Hsm) -> None:
    hsm.gate.clear()
    asked = Sign(key=KEY, operation=Operation(mechanism="ECDSA", data=b"d"))
    with pytest.raises(Unavailable):
        hsm.module.call(asked, seconds=0.05)


def test_a_loop_that_ended_meanwhile_costs_no_process(hsm: Hsm) -> None:
    async def leaves() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await hsm.signer.sign(b"left")

    hsm.gate.clear()
    asyncio.run(leaves())
    hsm.gate.set()
    asyncio.run(hsm.signer.sign(b"the next"))
    assert not hsm.module.statistics.errors
    assert len(hsm.peers) == 1
