"""What supervisor and worker tell each other, and who is given up."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from pki.domain.errors import Unavailable
from server.process.health import Probes
from server.workers import worker as worker_module
from server.workers.channel import SupervisorEnd, WorkerEnd, WorkerReport
from server.workers.merged import merged
from server.workers.worker import Worker

WELL = WorkerReport(checked=[], failing={}, metrics="")


async def all_is_well() -> str | None:
    return None


async def something_is_not() -> str | None:
    return "no key"


class Exposed:
    """Metrics that may be slow."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = 0

    async def __call__(self) -> bytes:
        self.asked += 1
        number = self.asked
        await self.gate.wait()
        return f"asked {number}".encode()


@asynccontextmanager
async def joined(exposed: Exposed) -> AsyncIterator[tuple[SupervisorEnd, asyncio.Event]]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    stop = asyncio.Event()
    probes = Probes(checks={"a": all_is_well, "b": something_is_not}, metrics=exposed)
    end = await SupervisorEnd.opened(ours)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(WorkerEnd(channel=theirs).serve(probes, stop))
        try:
            yield end, stop
        finally:
            stop.set()
            end.close()


async def test_a_report_has_checks_and_metrics() -> None:
    async with joined(Exposed()) as (end, _):
        report = await end.report(60.0)
        assert report == WorkerReport(
            checked=["a", "b"], failing={"b": "no key"}, metrics="asked 1"
        )


async def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    exposed = Exposed()
    async with joined(exposed) as (end, _):
        exposed.gate.clear()
        with pytest.raises(Unavailable):
            await end.report(0.05)
        exposed.gate.set()
        assert (await end.report(60.0)).metrics == "asked 2"


async def test_a_worker_stops_when_its_supervisor_is_gone() -> None:
    async with joined(Exposed()) as (end, stop):
        end.close()
        async with asyncio.timeout(60):
            await stop.wait()
        with pytest.raises(Unavailable):
            await end.report(60.0)


class Link:
    """A channel on which some questions get no answer."""

    def __init__(self, *answered: bool) -> None:
        self.answered = list(answered)

    async def report(self, seconds: float) -> WorkerReport:
        assert seconds > 0
        if self.answered.pop(0):
            return WELL
        raise Unavailable(message="no answer")


class Process:
    pid = 4711


async def test_only_silence_without_a_break_is_being_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "PULSE_SECONDS", 0.0)
    link = Link(False, False, True, False, False, False, True)
    made = Worker(cast("asyncio.subprocess.Process", Process()), cast("SupervisorEnd", link))
    await made.until_stuck()
    assert link.answered == [True]


def test_samples_say_which_worker_they_are_of() -> None:
    family = "# HELP asked_total Asked.\n# TYPE asked_total counter\nasked_total"
    workers = {"1": f'{family}{{how="a"}} 3.0\n', "2": f'{family}{{how="a"}} 4.0\n'}
    assert merged("# HELP up Up.\n# TYPE up gauge\nup 1.0\n", workers).decode() == (
        "# HELP up Up.\n# TYPE up gauge\nup 1.0\n"
        "# HELP asked_total Asked.\n# TYPE asked_total counter\n"
        'asked_total{how="a",worker="1"} 3.0\nasked_total{how="a",worker="2"} 4.0\n'
    )
