"""`zorgid top` against a listener as every process has one."""

import asyncio
import fcntl
import json
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import aiohttp
import pytest

from installed.practice import Practice
from pki.domain.errors import Malformed, Unavailable
from pki.ports import SystemClock
from pki.telemetry.metrics import Metrics
from server.cli import run
from server.process.health import HealthListener, Probes
from server.top import screen
from server.top.page import page
from server.top.screen import read


async def ready() -> str | None:
    return None


async def not_ready() -> str | None:
    return "no key"


async def exposed() -> bytes:
    return Metrics().expose()


async def nonsense() -> bytes:
    return b"<html>{nothing} here</html>"


@pytest.mark.parametrize(("check", "failing"), [(ready, 0), (not_ready, 1)])
async def test_it_reads_metrics_and_readiness(
    check: object, failing: int, practice: Practice
) -> None:
    assert callable(check)
    listen = f"127.0.0.1:{practice.metrics_port}"
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks, aiohttp.ClientSession() as session:
        for metrics in (exposed, nonsense):
            stop = asyncio.Event()
            probes = Probes(checks={"one": check}, metrics=metrics)
            serving = tasks.create_task(HealthListener(listen).serve(probes, stop))
            while True:
                try:
                    found = await read(session, listen, SystemClock())
                except Unavailable:
                    await asyncio.sleep(0.05)
                    continue
                except Malformed:
                    assert metrics is nonsense
                    break
                assert len(found.failing) == failing
                assert len([each for each in page(found, None) if each.attention]) == failing
                break
            stop.set()
            await serving


def test_where_nothing_runs_the_next_step_is_said(
    practice: Practice, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["top", "--once", "--config", str(practice.config)]) == 4
    assert "check that" in capsys.readouterr().err


@asynccontextmanager
async def process(practice: Practice) -> AsyncIterator[asyncio.Event]:
    """Health and metrics of a process that is not ready; gone once the event is set."""
    listen, stop = f"127.0.0.1:{practice.metrics_port}", asyncio.Event()
    probes = Probes(checks={"one": not_ready}, metrics=exposed)
    async with asyncio.TaskGroup() as tasks, aiohttp.ClientSession() as session:
        serving = tasks.create_task(HealthListener(listen).serve(probes, stop))
        while not serving.done():
            try:
                await read(session, listen, SystemClock())
            except Unavailable:
                await asyncio.sleep(0.02)
                continue
            break
        yield stop
        stop.set()


async def test_a_script_reads_it(
    practice: Practice, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "_LIMITS", replace(screen._LIMITS, seconds=120.0))
    words = ["top", "--json", "--config", str(practice.config)]
    async with process(practice):
        assert await asyncio.to_thread(run, words) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is True
    marked = [each["text"] for each in answer["result"]["lines"] if each["attention"]]
    assert marked == ["not ready: see /readyz, and zorgid doctor"]
    assert await asyncio.to_thread(run, words) == 4
    assert json.loads(capsys.readouterr().out)["error"]["next"]


def resize(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@contextmanager
def in_a_terminal(*words: str) -> Iterator[tuple[int, int]]:
    """The program in a terminal of its own: its process id, and what is typed and shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "server.cli", *words])  # noqa: S606 -- ours
    resize(terminal, 80, 24)
    try:
        yield pid, terminal
    finally:
        os.close(terminal)


def shown_until(terminal: int, wanted: str) -> str:
    """What is shown until that is; a program that ended shows nothing more."""
    shown = ""
    while wanted not in shown:
        shown += os.read(terminal, 4096).decode("utf-8", "replace")
    return shown


async def test_in_a_terminal_it_lives_with_resizing_and_with_a_lost_server(
    practice: Practice,
) -> None:
    async with process(practice) as gone:
        words = ("top", "--config", str(practice.config), "--seconds", "0.5")
        with in_a_terminal(*words) as (pid, terminal):
            first = await asyncio.to_thread(shown_until, terminal, "not ready: see /readyz")
            assert first.startswith("\x1b[?1049h\x1b[?25l\x1b[H2")
            resize(terminal, 20, 2)
            await asyncio.to_thread(shown_until, terminal, "… 2 more lines, 1 of")
            resize(terminal, 200, 24)
            gone.set()
            await asyncio.to_thread(shown_until, terminal, "/metrics cannot be read: ")
            os.kill(pid, signal.SIGINT)
            await asyncio.to_thread(shown_until, terminal, "\x1b[?25h\x1b[?1049l")
            _, status = await asyncio.to_thread(os.waitpid, pid, 0)
            assert os.waitstatus_to_exitcode(status) == 0
