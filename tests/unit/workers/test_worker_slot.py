"""A slot keeps a worker running: when it starts another, when it waits, and when it gives up."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from server.workers import slot as slot_module
from server.workers.slot import Slot
from server.workers.worker import Order


class FakeWorker:
    """Lives until it is told to end, or as it was scripted."""

    pid = 4711

    def __init__(self, *, code: int | None = None, ready: bool = True, lived: float = 0.0) -> None:
        self.code: int | None = None
        self.ready = False
        self.lived = lived
        self._becomes_ready = ready
        self._gone = asyncio.Event()
        if code is not None:
            self.exit(code)

    def exit(self, code: int) -> None:
        self.code = code
        self._gone.set()

    async def ended(self) -> None:
        await self._gone.wait()

    async def until_ready(self) -> None:
        if self._becomes_ready and self.code is None:
            self.ready = True
            return
        await asyncio.Event().wait()

    async def until_stuck(self) -> None:
        await asyncio.Event().wait()

    async def end(self) -> None:
        if self.code is None:
            self.exit(0)

    def kill(self) -> None:
        self.exit(-9)


class House:
    """Hands out scripted workers, and hears how long the slot pauses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.script: Iterator[FakeWorker] = iter(())
        self.started: list[FakeWorker] = []
        self.pauses: list[float] = []
        self.stop = asyncio.Event()
        self.slot = Slot(order=Order(number=1, config=Path("zorgid.toml"), sockets=()))
        monkeypatch.setattr(slot_module, "Worker", self)
        monkeypatch.setattr(slot_module, "rest", self.rest)

    async def start(self, _order: Order) -> FakeWorker:
        worker = next(self.script)
        self.started.append(worker)
        return worker

    async def rest(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def run(self, *workers: FakeWorker) -> None:
        self.script = iter(workers)
        await self.slot.run(self.stop)


async def settled() -> None:
    for _ in range(400):
        await asyncio.sleep(0)


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    return House(monkeypatch)


async def test_pauses_double_while_workers_die_young(house: House) -> None:
    lives: list[Any] = [FakeWorker(code=-9, lived=1.0) for _ in range(9)]
    steady, last = FakeWorker(code=-11, lived=3600.0), FakeWorker()
    async with asyncio.TaskGroup() as group:
        group.create_task(house.run(*lives, steady, last))
        await settled()
        house.stop.set()
    assert house.pauses == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 0.0]
    assert house.slot.statistics.crashed == 10
    assert last.code == 0


async def test_a_first_worker_that_says_why_it_cannot_start_ends_all(house: House) -> None:
    await house.run(FakeWorker(code=2))
    assert house.slot.failure == 2
    assert house.stop.is_set()
    assert house.pauses == []


async def test_a_worker_that_came_up_before_is_started_again_whatever_it_says(
    house: House,
) -> None:
    first, second = FakeWorker(), FakeWorker()
    async with asyncio.TaskGroup() as group:
        group.create_task(house.run(first, second))
        await settled()
        first.exit(2)
        await settled()
        house.stop.set()
    assert house.slot.failure is None
    assert house.started == [first, second]


async def test_the_old_one_stays_when_the_new_one_cannot_start(house: House) -> None:
    old, new = FakeWorker(), FakeWorker(code=2)
    async with asyncio.TaskGroup() as group:
        group.create_task(house.run(old, new))
        await settled()
        await house.slot.replace()
        assert old.code is None
        assert cast("object", house.slot.worker) is old
        house.stop.set()
    assert house.slot.statistics.refused == 1


async def test_the_old_one_leaves_when_the_new_one_is_ready(house: House) -> None:
    old, new = FakeWorker(), FakeWorker()
    async with asyncio.TaskGroup() as group:
        group.create_task(house.run(old, new))
        await settled()
        await house.slot.replace()
        await settled()
        assert (old.code, new.code) == (0, None)
        house.stop.set()
    assert house.slot.statistics.replaced == 1
