"""Tokens that go away, sessions that are closed, wrong PINs, and what is no PKCS#11 module."""

import asyncio
import os
import resource
import shutil
import signal
import time
from pathlib import Path

import pytest

from pki.domain.algorithms import KeyType
from pki.domain.errors import (
    ConfigurationInvalid,
    SignerBusy,
    SignerUnavailable,
    Unavailable,
)
from pki.keys.checked import CheckedSigner
from pki.keys.pin import Pin
from pki.keys.pkcs11 import ceremony
from pki.keys.pkcs11.loaded import loaded_module
from pki.keys.pkcs11.module import Pkcs11Module
from pki.keys.pkcs11.ports import KeyName
from pki.keys.pkcs11.process import ModuleProcess
from pki.keys.pkcs11.signer import Pkcs11Signer
from pki.keys.pkcs11.wire import Reach
from pki.keys.pool import PooledSigner
from pki.ports import Signer
from pki.trust.signatures import verify_signature
from strangers.module_process import module_processes, nothing_can_be_written
from strangers.softhsm import PIN, SoftHsm

pytestmark = pytest.mark.softhsm

KEY = KeyName(token="ca", key_id=b"\x77\x01", label="failing")
PATIENCE = 120.0


@pytest.fixture
def signer(hsm_module: Pkcs11Module) -> Signer:
    """As the server has it: checked and bounded."""
    if not any(each.key_id == KEY.key_id for each in ceremony.inventory(hsm_module, "ca")):
        ceremony.generate(hsm_module, KEY, KeyType.RSA_2048)
    inner = CheckedSigner(Pkcs11Signer.open(hsm_module, KEY))
    return PooledSigner(inner, concurrency=64, queue_limit=64, timeout_seconds=PATIENCE)


async def until_signed(signer: Signer) -> bytes:
    for _ in range(1200):
        try:
            return await signer.sign(b"again")
        except Unavailable:
            await asyncio.sleep(0.05)
    raise AssertionError("it never recovered")


async def outcomes(signer: Signer, messages: list[bytes]) -> dict[bytes, bytes | None]:
    """What came of each message: its signature, or nothing."""
    found: dict[bytes, bytes | None] = {}

    async def one(message: bytes) -> None:
        try:
            found[message] = await signer.sign(message)
        except Unavailable:
            found[message] = None

    async with asyncio.TaskGroup() as group:
        for message in messages:
            group.create_task(one(message))
    return found


async def test_sessions_closed_behind_its_back_are_opened_again(
    softhsm: SoftHsm, signer: Signer
) -> None:
    del signer
    program = (str(Path(__file__).parents[1] / "pkcs11_behind_its_back.py"),)
    known = module_processes()
    module = Pkcs11Module(
        "behind", lambda: ModuleProcess(softhsm.module, program), answer_seconds=PATIENCE
    )
    module.log_in("ca", lambda: Pin(PIN))
    (process,) = set(module_processes()).difference(known)
    signer = Pkcs11Signer.open(module, KEY)
    for number in range(3):
        messages = [b"%d-%d" % (number, each) for each in range(30)]
        async with asyncio.TaskGroup() as group:
            signing = group.create_task(outcomes(signer, messages))
            await asyncio.sleep(0.01)
            os.kill(process, signal.SIGUSR1)
        found = signing.result()
        assert set(found) == set(messages)
        for message, signature in found.items():
            assert signature is not None
            assert verify_signature(signer.public_key, signer.algorithm, message, signature)
        await until_signed(signer)
    assert module.statistics.logins == 4
    assert module.statistics.errors["Gone"] >= 3


async def test_a_token_that_was_away_is_used_again(
    hsm_module: Pkcs11Module, softhsm: SoftHsm, signer: Signer
) -> None:
    await signer.sign(b"before")
    messages = [b"away %d" % each for each in range(400)]
    async with asyncio.TaskGroup() as group:
        signing = group.create_task(outcomes(signer, messages[:100]))
        await asyncio.sleep(0.02)
        with softhsm.away():
            early = await signing
            late = await outcomes(signer, messages[100:])
            began = time.monotonic()
            with pytest.raises(SignerUnavailable, match="ca"):
                await signer.sign(b"while it is away")
            # Nobody waits for what is gone.
            assert time.monotonic() - began < PATIENCE / 2
    assert not any(late.values())
    await until_signed(signer)
    for message, signature in early.items():
        if signature is not None:
            assert verify_signature(signer.public_key, signer.algorithm, message, signature)


def test_a_wrong_pin_is_given_once(hsm_module: Pkcs11Module, softhsm: SoftHsm) -> None:
    softhsm.add_token("wrong-pin")
    # A module sees new tokens when it is initialised; a missing one makes ours do so.
    before = hsm_module.statistics.errors["PinRefused"]
    asked: list[int] = []

    def wrong() -> Pin:
        asked.append(1)
        return Pin(b"000000")

    for _ in range(3):
        with pytest.raises(ConfigurationInvalid, match="refused the PIN"):
            hsm_module.log_in("wrong-pin", wrong)
    with pytest.raises(SignerUnavailable, match="refused the PIN"):
        hsm_module.call(Reach(token="wrong-pin"))
    assert hsm_module.statistics.errors["PinRefused"] - before == 1
    hsm_module.log_in("wrong-pin", lambda: Pin(PIN))
    assert ceremony.inventory(hsm_module, "wrong-pin") == ()


def test_no_error_shows_the_pin(
    hsm_module: Pkcs11Module, softhsm: SoftHsm, caplog: pytest.LogCaptureFixture
) -> None:
    softhsm.add_token("canary")
    canary = "777canary777"
    with pytest.raises(ConfigurationInvalid) as caught:
        hsm_module.log_in("canary", lambda: Pin(canary.encode()))
    error: BaseException | None = caught.value
    seen = [caplog.text, *(str(vars(record)) for record in caplog.records)]
    while error is not None:
        seen += [str(error), repr(error), str(vars(error))]
        error = error.__cause__ or error.__context__
    assert not [text for text in seen if canary in text]
    assert "refused its PIN" in caplog.text


def test_a_token_that_is_not_there(hsm_module: Pkcs11Module) -> None:
    with pytest.raises(SignerUnavailable, match="nobodys-token cannot be reached"):
        hsm_module.log_in("nobodys-token", lambda: Pin(PIN))


async def test_another_token_goes_on_when_one_is_missing(
    hsm_module: Pkcs11Module, signer: Signer
) -> None:
    """Looking for the missing one restarts the module: the key of the other is found anew."""
    for each in range(3):
        with pytest.raises(SignerUnavailable):
            hsm_module.log_in("nobodys-token", lambda: Pin(PIN))
        message = b"goes on %d" % each
        signature = await signer.sign(message)
        assert verify_signature(signer.public_key, signer.algorithm, message, signature)
        await asyncio.sleep(0.3)


def test_what_is_no_pkcs11_module(tmp_path: Path) -> None:
    text = tmp_path / "text.so"
    text.write_text("no library")
    library = Path(resource.__file__)
    copy = tmp_path / "other.so"
    shutil.copy(library, copy)
    for path in (text, copy):
        module = loaded_module(path, answer_seconds=PATIENCE)
        with pytest.raises(ConfigurationInvalid, match="cannot be used as a PKCS#11 module"):
            module.log_in("ca", lambda: Pin(PIN))
    with pytest.raises(ConfigurationInvalid, match="does not exist"):
        loaded_module(tmp_path / "none.so", answer_seconds=PATIENCE)


def test_a_full_token_leaves_no_half_key(hsm_module: Pkcs11Module, softhsm: SoftHsm) -> None:
    before = ceremony.inventory(hsm_module, "ca")
    key = KeyName(token="ca", key_id=b"\x77\x02", label="does not fit")
    with nothing_can_be_written(), pytest.raises((ConfigurationInvalid, SignerUnavailable)):
        ceremony.generate(hsm_module, key, KeyType.P256)
    assert ceremony.inventory(hsm_module, "ca") == before


async def test_a_module_that_takes_too_long(hsm_module: Pkcs11Module, signer: Signer) -> None:
    """The token is at work on something long: others are told so in time, and nothing is late."""
    inner = Pkcs11Signer.open(hsm_module, KEY)
    hasty = PooledSigner(inner, concurrency=8, queue_limit=0, timeout_seconds=0.3)
    signed = hsm_module.statistics.signatures
    for each in module_processes():
        os.kill(each, signal.SIGSTOP)
    try:
        with pytest.raises(SignerBusy):
            await hasty.sign(b"too late")
    finally:
        for each in module_processes():
            os.kill(each, signal.SIGCONT)
    await signer.sign(b"afterwards")
    assert hsm_module.statistics.signatures == signed + 1
