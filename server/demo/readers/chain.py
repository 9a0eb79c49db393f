"""A program beside the demo that holds a UZI pass and a blank card in two readers."""

import asyncio
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pki.domain.errors import EnvironmentMissing
from server.demo.telling.tools import environment

PASS_CERTIFICATE, PASS_KEY, PASS_PIN = "pass.pem", "pass-key.pem", "pass-pin"
"""Files that the program finds in its folder."""
_DRIVER: Final = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
_PROGRAMS: Final = {"pcscd": "pcscd", "ip": "iproute2", "unshare": "util-linux"}
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Where pcscd listens, and what the reader with the pass and that with the card are called."""

    socket: str
    passes: str
    cards: str


def lacking() -> tuple[str, ...]:
    """What this computer lacks to have virtual readers; Debian's packages, where there is one."""
    if not sys.platform.startswith("linux"):
        return ("Linux",)
    path = environment()["PATH"]
    found = [package for name, package in _PROGRAMS.items() if not shutil.which(name, path=path)]
    if not _DRIVER.exists():
        found.append("vsmartcard-vpcd")
    if importlib.util.find_spec("smartcard") is None:
        found.append("pyscard")
    if os.geteuid() != 0:
        found.append("root")
    return tuple(found)


@asynccontextmanager
async def readers_running(program: Path, folder: Path) -> AsyncIterator[Readers]:
    """The program in ``folder``: its cards lie there when the block begins, gone when it has ended.

    It says where on its standard output, as one line of JSON, and ends with its standard input.

    Raises:
        EnvironmentMissing: it ended, or was not ready in time.
    """
    with (folder / "readers.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(program), str(folder)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=environment(),
        )
    try:
        yield await _ready(process, folder)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await _ended(process)


async def _ready(process: asyncio.subprocess.Process, folder: Path) -> Readers:
    if process.stdout is None:
        raise AssertionError("its output was asked for")
    try:
        async with asyncio.timeout(_START_SECONDS):
            line = await process.stdout.readline()
        return Readers(**json.loads(line))
    except (TimeoutError, ValueError, TypeError):
        raise EnvironmentMissing(
            message="the virtual card readers did not start",
            next_step=f"see {folder / 'readers.log'}",
        ) from None


async def _ended(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
