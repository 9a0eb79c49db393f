"""`zorgid top` against a listener as every process has one."""

import asyncio

import aiohttp
import pytest

from pki.domain.errors import Malformed, Unavailable
from pki.ports import SystemClock
from pki.telemetry.metrics import Metrics
from practice import Practice
from server.cli import run
from server.process.health import HealthListener, Probes
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
