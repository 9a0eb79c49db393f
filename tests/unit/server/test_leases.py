"""What runs once: it begins with the lease, stops without it, and writes nothing afterwards."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import pytest

from pki.domain.errors import LeaseLost, StoreUnavailable
from pki.domain.leases.records import Claim, Lease
from pki.store.writing import WriteSession
from server.leases.examine import judge_leases
from server.leases.keeper import LeaseKeeper
from server.leases.names import WITHOUT, Task
from server.leases.once import OnceTask

LENGTH = timedelta(seconds=9)


class Room:
    """The store's leases, and a measure of time that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.rows: dict[str, tuple[str, int, float]] = {}
        self.away = False
        self.written: list[str] = []

    def moment(self) -> float:
        return self.seconds

    async def write(self, work: Callable[[WriteSession], Any]) -> Any:
        if self.away:
            raise StoreUnavailable(message="away")
        return work(cast("WriteSession", self))

    def lease(self, name: str) -> Lease:
        holder, token, until = self.rows[name]
        left = timedelta(seconds=until - self.seconds)
        return Lease(name=name, holder=holder, token=token, left=left)

    def leases(self) -> tuple[Lease, ...]:
        return tuple(map(self.lease, self.rows))

    def take_lease(
        self, name: str, holder: str, length: timedelta, *, restarted: bool
    ) -> Claim | None:
        token = 1
        if name in self.rows:
            found = self.lease(name)
            if found.held and not (restarted and found.holder == holder):
                return None
            token = found.token + 1
        self.rows[name] = holder, token, self.seconds + length.total_seconds()
        return Claim(name=name, token=token)

    def renew_lease(self, claim: Claim, length: timedelta) -> bool:
        holder, token, _ = self.rows[claim.name]
        if token != claim.token:
            return False
        self.rows[claim.name] = holder, token, self.seconds + length.total_seconds()
        return True

    def give_back_lease(self, claim: Claim) -> None:
        holder, token, _ = self.rows[claim.name]
        if token == claim.token:
            self.rows[claim.name] = holder, token, 0.0

    def require_lease(self, claim: Claim) -> None:
        if self.rows[claim.name][1] != claim.token:
            raise LeaseLost(message="another has it")

    def keeper(self, holder: str) -> LeaseKeeper:
        return LeaseKeeper(self, holder=holder, length=LENGTH, moment=self.moment)


class Work:
    """What should run once; it remembers how often it began and ended."""

    def __init__(self) -> None:
        self.begun = 0
        self.running = False

    async def run(self) -> None:
        self.begun += 1
        self.running = True
        try:
            await asyncio.Event().wait()
        finally:
            self.running = False


@asynccontextmanager
async def working(task: OnceTask) -> AsyncIterator[Work]:
    work = Work()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(task.run(work.run))
        yield work
        running.cancel()


async def settled(keeper: LeaseKeeper | None = None) -> None:
    """A round, if there is one to be done, and all that follows from it."""
    if keeper is not None:
        await keeper._round()
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_of_two_runs_and_the_other_when_it_has_gone() -> None:
    room = Room()
    first, second = room.keeper("a"), room.keeper("b")
    one, other = first.task(Task.CRLS), second.task(Task.CRLS)
    async with working(one) as here, working(other) as there:
        await settled(first)
        await settled(second)
        assert (here.running, there.running) == (True, False)
        await first.release()
        await settled(second)
        assert there.running
        # It finds out at its next round, and waits for its turn.
        await settled(first)
        assert not here.running
        await settled(first)
        assert (here.begun, one.losses) == (1, 1)


async def test_it_goes_on_while_it_is_renewed_and_stops_when_it_cannot_be() -> None:
    room = Room()
    keeper = room.keeper("a")
    task = keeper.task(Task.CRLS)
    async with working(task) as work:
        for _ in range(5):
            await settled(keeper)
            room.seconds += 6
        assert work.running
        assert work.begun == 1
        room.away = True
        await settled(keeper)
        held = []
        for seconds in (2.9, 0.2):
            room.seconds += seconds
            held.append(task.held)
        assert held == [True, False]
        with pytest.raises(LeaseLost):
            await task.store.write(lambda _: room.written.append("late"))
        seen = []
        for room.away in (True, False):
            await settled(keeper)
            seen.append(work.running)
        assert seen == [False, True]
        assert (work.begun, task.losses) == (2, 1)
    assert room.written == []


async def test_who_slept_through_a_take_over_is_refused_by_the_store() -> None:
    room = Room()
    first, second = room.keeper("a"), room.keeper("b")
    one, other = first.task(Task.CRLS), second.task(Task.CRLS)
    async with working(one) as here:
        await settled(first)
        room.seconds += 10
        await settled(second)
        assert other.held
        # Its own measure stood still with it, as on a machine that was suspended.
        room.seconds -= 10
        assert one.held
        with pytest.raises(LeaseLost):
            await one.store.write(lambda _: room.written.append("late"))
        await settled()
        assert not here.running
        await other.store.write(lambda _: room.written.append("in its turn"))
    assert room.written == ["in its turn"]


async def test_what_ends_slowly_is_not_begun_beside_itself() -> None:
    room = Room()
    keeper = room.keeper("a")
    task = keeper.task(Task.CRLS)
    ends, begun = asyncio.Event(), 0

    async def slow() -> None:
        nonlocal begun
        begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            await ends.wait()

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(task.run(slow))
        await settled(keeper)
        room.seconds += 20
        await settled(keeper)
        await settled(keeper)
        assert begun == 1
        assert not task.held
        ends.set()
        await settled()
        await settled(keeper)
        assert begun == 2
        running.cancel()


async def test_a_process_that_was_started_again_does_not_wait_and_another_does() -> None:
    room = Room()
    before, again, other = room.keeper("a"), room.keeper("a"), room.keeper("b")
    old, new, third = (each.task(Task.CRLS) for each in (before, again, other))
    await settled(before)
    await settled(other)
    await settled(again)
    assert new.held
    assert not third.held
    with pytest.raises(LeaseLost):
        await old.store.write(lambda _: room.written.append("late"))
    # Two with one name do not take it from each other for ever.
    await settled(before)
    assert new.held
    assert room.rows["crls"][1] == 2


async def test_who_enters_knows_whether_it_is_alone() -> None:
    room = Room()
    first, second = room.keeper("a"), room.keeper("b")
    assert await first.enter("issuance")
    assert not await second.enter("issuance")
    assert await second.enter("another")
    await settled(first)
    room.seconds += 20
    await settled(first)
    assert not await room.keeper("c").enter("issuance")
    await first.release()
    room.seconds += 20
    assert await room.keeper("c").enter("issuance")


async def test_metrics_say_what_runs_here() -> None:
    room = Room()
    keeper = room.keeper("a")
    keeper.task(Task.CRLS)
    await keeper.enter("issuance")
    values = {(each.name, each.labels["task"]): each.value for each in keeper.readings()}
    assert values == {("zorgid_lease_held", "crls"): 0, ("zorgid_lease_losses_total", "crls"): 0}
    await settled(keeper)
    values = {(each.name, each.labels["task"]): each.value for each in keeper.readings()}
    assert values["zorgid_lease_held", "crls"] == 1


async def test_a_store_that_is_away_when_it_stops_is_no_failure() -> None:
    room = Room()
    keeper = room.keeper("a")
    keeper.task(Task.CRLS)
    await settled(keeper)
    room.away = True
    await keeper.release()


def test_every_task_has_words_for_when_nobody_runs_it() -> None:
    assert set(WITHOUT) == set(Task)


def lease(name: str, holder: str, left: float) -> Lease:
    return Lease(name=name, holder=holder, token=3, left=timedelta(seconds=left))


def test_the_doctor_names_who_runs_what_and_what_nobody_runs() -> None:
    leases = [
        lease("checkpoints", "ca-1:/locks", -1),
        lease("crls", "ca-1:/locks", 5),
        lease("directory", "ca-2:/locks", 5),
        lease("endings", "ca-1:/locks", 5),
        lease("issuance/ca-3:/locks", "ca-3:/locks", 5),
        lease("receipts", "ca-2:/locks", 86_400),
    ]
    found = [(each.level, each.text) for each in judge_leases(leases)]
    nobody = "nobody runs checkpoints (the journal's end is not signed), "
    assert found == [
        ("ok", "ca-1:/locks runs crls, endings"),
        ("ok", "ca-2:/locks runs directory"),
        ("warning", nobody + "receipts (nobody looks when a change is shown)"),
    ]
    assert list(judge_leases([])) == []
