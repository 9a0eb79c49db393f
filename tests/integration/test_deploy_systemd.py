"""The shipped units, judged by systemd itself, and the program told about by its notifications."""

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from installed.practice import Practice
from server.demo.telling.tools import environment
from server.process.announce import ServiceManager
from server.process.health import Probes

UNITS: Final = sorted((Path(__file__).parents[2] / "deploy/systemd").glob("*.service"))
EXPOSURE: Final = 12
"""Tenths of systemd's own exposure level: 0 is best, 96 a unit without any protection."""


def runnable(unit: Path, folder: Path) -> Path:
    """The unit with the program of this checkout: systemd looks whether it is there."""
    copy = folder / unit.name
    program = Path(sys.executable).with_name("zorgid")
    text = unit.read_text("utf-8")
    assert "ExecStart=/opt/zorgid/bin/zorgid serve " in text
    copy.write_text(text.replace("/opt/zorgid/bin/zorgid", str(program)), "utf-8")
    return copy


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *map(str, words)], capture_output=True, text=True, check=False
    )


@pytest.mark.systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_finds_nothing_wrong(unit: Path, tmp_path: Path) -> None:
    done = analyze("verify", "--man=no", "--recursive-errors=no", runnable(unit, tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_little_is_exposed(unit: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE}", unit)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_what_it_is_named_after(unit: Path) -> None:
    text = unit.read_text("utf-8")
    role = unit.stem.removeprefix("zorgid-")
    assert re.search(rf"^ExecStart=.* --role {role}\b", text, re.MULTILINE)
    assert f"ConditionFileNotEmpty=/var/lib/{unit.stem}/zorgid.toml" in text


class Manager:
    """The other end of the notification socket."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.settimeout(60)

    def next(self) -> list[str]:
        return self._socket.recv(4096).decode().split("\n")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path)
    yield made
    made.close()


async def test_it_says_that_it_is_ready_alive_failing_and_stopping(manager: Manager) -> None:
    answers: list[str | None] = [None, "the CRL\nis late", *[None] * 1000]

    async def check() -> str | None:
        return answers.pop(0)

    async def metrics() -> bytes:
        return b""

    environment = {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "100000"}
    stop = asyncio.Event()
    probes = Probes(checks={"issuance": check}, metrics=metrics)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ServiceManager(environment).run(probes, stop))
        said = [await asyncio.to_thread(manager.next) for _ in range(3)]
        stop.set()
    assert said == [
        ["READY=1", "STATUS=all is well"],
        ["WATCHDOG=1", "STATUS=issuance: the CRL is late"],
        ["WATCHDOG=1", "STATUS=all is well"],
    ]
    while (last := manager.next()) != ["STOPPING=1"]:
        assert last[0] == "WATCHDOG=1"


async def test_without_systemd_nothing_is_said() -> None:
    async def metrics() -> bytes:
        return b""

    await ServiceManager({}).run(Probes(checks={}, metrics=metrics), asyncio.Event())


def test_servers_and_supervisors_say_when_they_are_ready(
    practice: Practice, manager: Manager
) -> None:
    with practice.serving("issuance"):
        words = ("--role", "status", "--workers", "1")
        assert began_and_ended(practice.status_config(), words, manager) == 0
    assert began_and_ended(practice.config, ("--role", "issuance,status"), manager) == 0


def began_and_ended(config: Path, words: tuple[str, ...], manager: Manager) -> int:
    program = Path(sys.executable).with_name("zorgid")
    process = subprocess.Popen(
        [program, "serve", "--config", config, *words],
        env={**environment(), "NOTIFY_SOCKET": str(manager.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert manager.next() == ["READY=1", "STATUS=all is well"]
    finally:
        process.terminate()
        code = process.wait(60)
    assert manager.next() == ["STOPPING=1"]
    return code
