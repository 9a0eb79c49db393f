"""The process of a module: lost under load, what it shows and holds, and when it ends."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pki.domain.algorithms import KeyType
from pki.domain.errors import Unavailable
from pki.keys.checked import CheckedSigner
from pki.keys.pin import Pin
from pki.keys.pkcs11 import ceremony
from pki.keys.pkcs11.module import Pkcs11Module
from pki.keys.pkcs11.ports import KeyName
from pki.keys.pkcs11.process import AHEAD, ModuleProcess
from pki.keys.pkcs11.signer import Pkcs11Signer
from pki.keys.pool import PooledSigner
from strangers.module_process import module_processes
from strangers.softhsm import PIN, SoftHsm

pytestmark = pytest.mark.softhsm

KEY = KeyName(token="ca", key_id=b"\x78\x01", label="lost")
PATIENCE = 120.0


async def signed(signer: PooledSigner, message: bytes) -> bytes | None:
    try:
        return await signer.sign(message)
    except Unavailable:
        return None


async def until_signed(signer: PooledSigner) -> None:
    for _ in range(1200):
        if await signed(signer, b"again"):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never recovered")


async def end_under_load(
    process: int, end: signal.Signals, module: Pkcs11Module, signer: PooledSigner
) -> list[bytes | None]:
    """What came of messages that were being signed when the process met its end."""
    messages = [b"%s %d" % (end.name.encode(), each) for each in range(60)]
    async with asyncio.TaskGroup() as group:
        if end is signal.SIGSTOP:
            os.kill(process, end)
            # So much is with the process, and only that is not waited for any longer.
            module._answer_seconds = 0.5
            signing = [group.create_task(signed(signer, each)) for each in messages[:AHEAD]]
            await asyncio.sleep(0)
            module._answer_seconds = PATIENCE
            signing += [group.create_task(signed(signer, each)) for each in messages[AHEAD:]]
        else:
            signing = [group.create_task(signed(signer, each)) for each in messages]
            await asyncio.sleep(0.02)
            os.kill(process, end)
    return [each.result() for each in signing]


async def test_a_process_that_is_killed_or_stops_for_good_is_replaced_under_load(
    hsm_module: Pkcs11Module, softhsm: SoftHsm
) -> None:
    """Each message is signed or refused, never twice, and the PIN is given once a process."""
    ceremony.generate(hsm_module, KEY, KeyType.RSA_2048)
    known = module_processes()
    module = Pkcs11Module("lost", lambda: ModuleProcess(softhsm.module), answer_seconds=PATIENCE)
    module.log_in("ca", lambda: Pin(PIN))
    inner = CheckedSigner(Pkcs11Signer.open(module, KEY))
    signer = PooledSigner(inner, concurrency=64, queue_limit=0, timeout_seconds=PATIENCE)
    for end in (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV):
        (process,) = set(module_processes()).difference(known)
        came = await end_under_load(process, end, module, signer)
        assert came.count(None) <= AHEAD
        await until_signed(signer)
        assert process not in module_processes()
    assert module.statistics.errors == {"Crashed": 2, "Hanging": 1}
    assert module.statistics.logins == 4
    ours = set(module_processes()).difference(known)
    assert len(ours) == 1


def test_a_process_shows_and_inherits_nothing(softhsm: SoftHsm, tmp_path: Path) -> None:
    """The PIN is on no command line and in no environment; no open file of ours is its own."""
    with (tmp_path / "open").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        module = Pkcs11Module("new", lambda: ModuleProcess(softhsm.module), answer_seconds=PATIENCE)
        known = module_processes()
        module.log_in("ca", lambda: Pin(PIN))
        (process,) = set(module_processes()).difference(known)
    about = Path(f"/proc/{process}")
    assert PIN not in (about / "cmdline").read_bytes() + (about / "environ").read_bytes()
    opened = [str(each.readlink()) for each in (about / "fd").iterdir()]
    assert not [each for each in opened if each.startswith(str(tmp_path))]
    assert len([each for each in opened if each.startswith("socket:")]) == 1
    # A process that may be looked into belongs to its user; one that may not, to root.
    limits = (about / "limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)


LONELY = """
import os, sys
from pathlib import Path
from pki.keys.pkcs11.module import Pkcs11Module
from pki.keys.pkcs11.process import ModuleProcess
from pki.keys.pin import Pin
module = Pkcs11Module("m", lambda: ModuleProcess(Path(sys.argv[1])), answer_seconds=120)
module.log_in("ca", lambda: Pin(sys.stdin.readline().strip().encode()))
print("in", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("stopped", [False, True])
def test_it_ends_with_whoever_started_it(softhsm: SoftHsm, *, stopped: bool) -> None:
    """Also inside a call that never returns, which a stopped process stands for."""
    words = [sys.executable, "-c", LONELY, str(softhsm.module)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(PIN.decode() + "\n")
        parent.stdin.flush()
        assert parent.stdout.readline() == "in\n"
        (process,) = module_processes(parent.pid)
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(process, each)
        if stopped:
            os.kill(process, signal.SIGSTOP)
        parent.kill()
    about = Path(f"/proc/{process}/cmdline")
    for _ in range(1200):
        if not about.exists() or not about.read_bytes():
            return
        time.sleep(0.05)
    raise AssertionError("it lives on")
