"""Published CRLs reach each sink, in order and for certain; a sink that fails holds up nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from crl.sinks.follower import FIRST_PAUSE, LONGEST_PAUSE, SinkFollower, pause_after
from crl.sinks.order import Standing, must_be_put
from pki.domain.errors import Conflict, Malformed
from status_side.crl_sinks import FIRST, NAMES, SECOND, FakeSink, PublishingHouse


class Bringing:
    def __init__(self) -> None:
        self.house = PublishingHouse()
        self.sink = FakeSink()
        self.follower = self.make()

    def make(self) -> SinkFollower:
        house = self.house
        return SinkFollower(
            self.sink,
            NAMES,
            journal=house.journal,
            archive=house.crls,
            cursors=house.cursors,
            clock=house.clock,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.follower = self.make()
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.follower.run())
            yield
            task.cancel()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not holds():  # noqa: ASYNC110 -- the loops under test run on their own
                await asyncio.sleep(0.002)

    async def idle(self) -> None:
        """Until all that happened is done and its position kept."""
        await self.until(
            lambda: (
                self.house.cursors.kept.get("crl-sink/fake") == len(self.house.store.journal)
                and not self.follower.statistics().waiting
            )
        )


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crl.sinks.follower.FIRST_PAUSE", 0.005)
    monkeypatch.setattr("crl.sinks.follower.LONGEST_PAUSE", 0.005)


async def test_a_new_sink_gets_what_is_published_now_and_then_all_that_follows() -> None:
    bringing = Bringing()
    for _ in range(3):
        await bringing.house.publish(FIRST)
    await bringing.house.publish(SECOND)
    async with bringing.running():
        await bringing.until(lambda: bringing.sink.standing == {"first": 3, "second": 1})
        assert bringing.sink.kept == {("first", 3), ("second", 1)}
        await bringing.house.publish(FIRST)
        await bringing.until(lambda: bringing.sink.standing["first"] == 4)
        await bringing.idle()
    assert bringing.follower.statistics().shown == 3
    assert bringing.follower.statistics().position == 5


async def test_nothing_is_asked_of_the_archive_unless_the_sink_keeps_old_ones() -> None:
    bringing = Bringing()
    bringing.sink.keeps_old = False
    await bringing.house.publish()
    async with bringing.running():
        await bringing.until(lambda: bringing.sink.standing == {"first": 1})
    assert not bringing.sink.kept


async def test_what_was_published_while_it_was_down_is_archived_at_its_next_start() -> None:
    bringing = Bringing()
    await bringing.house.publish()
    async with bringing.running():
        await bringing.idle()
    for _ in range(3):
        await bringing.house.publish()
    async with bringing.running():
        await bringing.idle()
    assert bringing.sink.standing == {"first": 4}
    assert bringing.sink.kept == {("first", number) for number in range(1, 5)}


async def test_a_sink_that_fails_loses_nothing_and_says_so() -> None:
    bringing = Bringing()
    await bringing.house.publish()
    async with bringing.running():
        await bringing.idle()
        bringing.sink.refuses = {"first"}
        for _ in range(2):
            await bringing.house.publish()
        await bringing.until(lambda: bringing.follower.statistics().failures > 2)
        bringing.house.clock.advance(90)
        found = bringing.follower.statistics()
        assert (found.failing, found.waiting, found.position) == (True, 1, 1)
        assert found.oldest_seconds >= 90
        bringing.sink.refuses = set()
        await bringing.idle()
        await bringing.until(lambda: not bringing.follower.statistics().failing)
    assert bringing.sink.standing == {"first": 3}
    assert bringing.sink.kept == {("first", 1), ("first", 2), ("first", 3)}
    assert bringing.follower.statistics().oldest_seconds == 0


async def test_killed_while_the_sink_fails_it_begins_where_all_was_well() -> None:
    bringing = Bringing()
    await bringing.house.publish()
    async with bringing.running():
        await bringing.idle()
        bringing.sink.refuses = {"first"}
        await bringing.house.publish()
        await bringing.house.publish()
        await bringing.until(lambda: bringing.follower.statistics().failures > 1)
    bringing.sink.refuses = set()
    async with bringing.running():
        await bringing.idle()
    assert bringing.sink.kept == {("first", 1), ("first", 2), ("first", 3)}


async def test_one_list_that_is_refused_does_not_keep_another_from_its_place() -> None:
    bringing = Bringing()
    bringing.sink.refuses = {"first"}
    await bringing.house.publish(FIRST)
    await bringing.house.publish(SECOND)
    async with bringing.running():
        await bringing.until(lambda: bringing.sink.standing == {"second": 1})
        await bringing.house.publish(SECOND)
        await bringing.until(lambda: bringing.sink.standing == {"second": 2})
        assert bringing.follower.statistics().waiting == 1


async def test_a_store_that_is_down_ends_nothing() -> None:
    bringing = Bringing()
    await bringing.house.publish()
    bringing.house.store.broken = True
    async with bringing.running():
        await bringing.until(lambda: bringing.follower.statistics().failures > 2)
        assert not bringing.sink.asked
        bringing.house.store.broken = False
        await bringing.until(lambda: bringing.sink.standing == {"first": 1})
        bringing.house.store.broken = True
        bringing.house.journal.fail = OSError("gone")
        await bringing.until(lambda: bringing.house.journal.fail is None)
        bringing.house.store.broken = False
        await bringing.house.publish()
        await bringing.until(lambda: bringing.sink.standing == {"first": 2})


async def test_a_number_is_never_set_back_and_no_ca_takes_anothers_place() -> None:
    house = PublishingHouse()
    old, new = await house.publish(FIRST), await house.publish(FIRST)
    other = await house.publish(SECOND)
    standing = Standing.of(new.der)
    assert must_be_put(None, old, "there")
    assert must_be_put(Standing.of(old.der), new, "there")
    assert not must_be_put(standing, new, "there")
    with pytest.raises(Conflict, match="there holds CRL 2; 1 does not replace it"):
        must_be_put(standing, old, "there")
    with pytest.raises(Conflict, match="another CA"):
        must_be_put(standing, other, "there")
    assert standing is not None
    with pytest.raises(Conflict, match="2 does not replace"):
        must_be_put(replace(standing, sha256=bytes(32)), new, "there")
    assert Standing.of(b"not a CRL") is None
    with pytest.raises(Malformed):
        must_be_put(None, replace(new, der=b"not a CRL"), "there")


def test_pauses_grow_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crl.sinks.follower.FIRST_PAUSE", FIRST_PAUSE)
    monkeypatch.setattr("crl.sinks.follower.LONGEST_PAUSE", LONGEST_PAUSE)
    assert [pause_after(failures) for failures in (1, 2, 3)] == [0.5, 1, 2]
    assert pause_after(10_000) == LONGEST_PAUSE
