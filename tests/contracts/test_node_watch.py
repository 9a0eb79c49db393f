"""A node beside others: whether its clock can be believed, and whether all issue by the same."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from pki.domain.errors import Unavailable
from pki.domain.events import ServiceStarted
from pki.domain.people import SYSTEM
from pki.ports import SystemClock
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store
from server.leases.keeper import LeaseKeeper
from server.nodes.profiles import digest_of, nodes_that_differ
from server.nodes.watch import NodeWatch
from stores.samples import SetClock

STARTED = ServiceStarted(roles="all", version="1")
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@dataclass(kw_only=True)
class Node:
    """Its clock and its meter stand still until a test moves them."""

    store: Store
    reader: ReadStore
    clock: SetClock
    meter: float = 0.0

    def watch(self) -> NodeWatch:
        return NodeWatch(self.reader, self.clock, meter=lambda: self.meter)

    def passes(self, seconds: float) -> None:
        self.clock.forward(seconds)
        self.meter += seconds


@pytest.fixture
def node(store_url: str) -> Iterator[Node]:
    clock = SetClock(at=SystemClock().now())
    store = Store.open(store_url, clock=clock)
    reader = ReadStore.open(store_url, threads=1)
    yield Node(store=store, reader=reader, clock=clock)
    store.close_sync()
    reader.close_sync()


@pytest.mark.parametrize("seconds", [-31, 31, 86_400, -86_400])
async def test_a_clock_that_is_set_is_noticed_at_once_and_when_it_is_set_right(
    node: Node, engine_name: str, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = node.clock.at

    def right(_: ReadSession) -> datetime:
        return began + timedelta(seconds=node.meter)

    if engine_name == "postgresql":
        monkeypatch.setattr(ReadSession, "database_time", right)
    watch = node.watch()
    await watch.look()
    node.passes(3600)
    assert watch.wrong() is None
    node.clock.forward(seconds)
    assert round(watch.ahead().total_seconds()) == pytest.approx(seconds, abs=1)
    with pytest.raises(Unavailable, match="nothing is certified") as refused:
        watch.require()
    assert "NTP" in refused.value.next_step
    assert await watch.problem() is not None
    node.clock.forward(-seconds)
    watch.require()


async def test_a_clock_that_drifts_or_is_slewed_is_left_alone(node: Node) -> None:
    watch = node.watch()
    node.passes(3600)
    node.clock.forward(29)
    watch.require()


async def test_a_clock_behind_the_journal_certifies_nothing(node: Node) -> None:
    node.clock.at += timedelta(days=1)
    node.store.write_sync(lambda session: session.record(STARTED, SYSTEM))
    node.clock.at -= timedelta(days=1)
    watch = node.watch()
    assert watch.wrong() is None, "the journal was not looked at yet"
    await watch.look()
    assert "the journal's last entry is of" in (watch.wrong() or "")
    node.passes(86_400 - 60)
    assert "the journal" not in (watch.wrong() or ""), "it came to that time by itself"


@pytest.mark.parametrize("minutes", [-2, 2])
async def test_the_databases_clock_is_the_judge_where_there_is_one(
    node: Node, engine_name: str, minutes: int
) -> None:
    node.clock.at += minutes * MINUTE
    watch = node.watch()
    watch.require()
    await watch.look()
    if engine_name == "sqlite":
        watch.require()
        return
    with pytest.raises(Unavailable, match="the database's"):
        watch.require()
    node.clock.at -= minutes * MINUTE
    watch.require()


async def test_what_comes_slowly_is_no_measure_of_time(node: Node, engine_name: str) -> None:
    times = iter([0.0, 0.0, 100.0])
    watch = NodeWatch(node.reader, node.clock, meter=lambda: next(times, 0.0))
    await watch.look()
    assert watch.wrong() is None, engine_name


async def said(node: Node, holder: str, *digests: str) -> LeaseKeeper:
    leases = LeaseKeeper(node.store, holder=holder, length=MINUTE)
    for each in digests:
        await leases.enter(f"profiles/{digest_of([each])}")
    return leases


async def test_nodes_that_issue_by_different_profiles_are_found(node: Node) -> None:
    watch = node.watch()

    async def differing() -> float:
        await watch.look()
        values = {each.name: each.value for each in watch.readings()}
        return values["zorgid_nodes_that_differ"]

    one = await said(node, "a:/locks", "g1/card/1")
    assert await differing() == 0
    two = await said(node, "b:/locks", "g1/card/1")
    assert await differing() == 0
    await two.release()
    await said(node, "b:/locks", "g1/card/2")
    assert await differing() == 2
    leases = node.reader.read_sync(lambda session: session.leases())
    assert nodes_that_differ(leases) == ("a:/locks", "b:/locks")
    await said(node, "a:/locks", "g1/card/2")
    assert await differing() == 0, "it was restarted, and what it said before has not run out yet"
    await one.release()
    assert await differing() == 0


async def test_it_is_told_once(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watch = node.watch()
    watch.tell()
    node.clock.forward(60)
    for _ in range(3):
        watch.tell()
    node.clock.forward(-60)
    watch.tell()
    assert [each.levelname for each in caplog.records] == ["ERROR", "INFO"]
