"""The CRL follows the journal, gathers changes, and no failure ends it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from crl.build import CrlIssuer
from crl.follower import CrlFollower
from crl.policy import CrlPolicy
from crl.service import CrlService
from fakes.status import ISSUER, START, FakeClock, FakeCrlStore, FakeFeed, FakeStore
from pki.der.crl import read_crl
from pki.domain.errors import SignerUnavailable, StoreUnavailable
from pki.domain.status import Good, OnHold, Revoked
from pki.trust.signatures import verify_signature
from status_side.small_pki import SERIALS, PlainSigner, PracticeCa, new_key

A, B, C, *_ = SERIALS
CA = PracticeCa("Token CA", new_key("ca"))


class Following:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = FakeStore(self.clock)
        self.crls = FakeCrlStore(self.store)
        self.feed = FakeFeed(self.store)
        self.signer = PlainSigner(CA.key)
        self.policy = CrlPolicy(coalesce=0.05)
        self.follower = self.make()

    def make(self) -> CrlFollower:
        service = CrlService(
            CrlIssuer.of(ISSUER, CA.certificate),
            self.signer,
            self.crls,
            verify=verify_signature,
            clock=self.clock,
            policy=self.policy,
        )
        return CrlFollower(service, self.feed, clock=self.clock, policy=self.policy)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.follower.run())
            yield
            task.cancel()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not holds():  # noqa: ASYNC110 -- the loops under test run on their own
                await asyncio.sleep(0.002)

    def listed(self) -> set[int]:
        return set(read_crl(self.crls.published[-1].der).entries) if self.crls.published else set()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crl.plan.FIRST_PAUSE", 0.005)
    monkeypatch.setattr("crl.plan.LONGEST_PAUSE", 0.005)
    monkeypatch.setattr("crl.follower.GLANCE", 0.01)


async def test_a_first_one_is_made_at_once() -> None:
    following = Following()
    async with following.running():
        await following.until(lambda: len(following.crls.published) == 1)
    assert following.follower.age() == 0
    assert not following.follower.overdue()


async def test_a_block_is_published_and_so_is_its_end() -> None:
    following = Following()
    async with following.running():
        following.store.change(A, OnHold(since=START))
        await following.until(lambda: following.listed() == {A.value})
        following.store.change(A, Good())
        await following.until(lambda: len(following.crls.published) > 1 and not following.listed())


async def test_a_burst_of_changes_makes_one_crl() -> None:
    following = Following()
    async with following.running():
        await following.until(lambda: len(following.crls.published) == 1)
        for serial in (A, B, C):
            following.store.change(serial, Revoked(at=START, reason=None))
        await following.until(lambda: len(following.listed()) == 3)
        await asyncio.sleep(0.15)
    assert len(following.crls.published) == 2


async def test_an_hour_later_there_is_a_new_one_without_any_change() -> None:
    following = Following()
    async with following.running():
        await following.until(lambda: len(following.crls.published) == 1)
        following.clock.advance(3601)
        await following.until(lambda: len(following.crls.published) == 2)
        await asyncio.sleep(0.05)
    assert len(following.crls.published) == 2


async def test_after_a_restart_it_starts_where_the_published_crl_ends() -> None:
    following = Following()
    async with following.running():
        await following.until(lambda: len(following.crls.published) == 1)
    following.store.change(A, OnHold(since=START))
    following.follower = following.make()
    async with following.running():
        await following.until(lambda: following.listed() == {A.value})
    assert following.feed.followed[-1] == following.crls.published[0].upto
    assert len(following.crls.published) == 2


async def test_after_a_restart_with_nothing_new_nothing_is_made() -> None:
    following = Following()
    async with following.running():
        await following.until(lambda: len(following.crls.published) == 1)
    following.follower = following.make()
    async with following.running():
        await following.until(lambda: following.follower.latest is not None)
        await asyncio.sleep(0.1)
    assert len(following.crls.published) == 1


@pytest.mark.parametrize("failure", [StoreUnavailable(message="down"), ZeroDivisionError()])
async def test_the_feed_may_fail_and_nothing_is_missed(failure: Exception) -> None:
    following = Following()
    async with following.running():
        await following.until(lambda: len(following.crls.published) == 1)
        following.feed.fail = failure
        following.store.change(A, OnHold(since=START))
        await following.until(lambda: following.listed() == {A.value})
    assert following.follower.statistics.failures == 1


@pytest.mark.parametrize("failure", [SignerUnavailable(message="no key"), ZeroDivisionError()])
async def test_the_signer_may_fail_and_the_change_is_published_when_it_is_back(
    failure: Exception,
) -> None:
    following = Following()
    async with following.running():
        await following.until(lambda: len(following.crls.published) == 1)
        following.signer.fail = failure
        following.store.change(A, OnHold(since=START))
        await following.until(lambda: following.follower.statistics.failures >= 2)
        following.signer.fail = None
        await following.until(lambda: following.listed() == {A.value})
    assert not following.follower.statistics.last_error


async def test_a_store_that_is_down_at_the_start_is_waited_for() -> None:
    following = Following()
    following.store.broken = True
    async with following.running():
        await following.until(lambda: following.follower.statistics.failures >= 2)
        assert following.follower.overdue()
        assert following.follower.age() is None
        following.store.broken = False
        await following.until(lambda: len(following.crls.published) == 1)


async def test_another_publisher_is_given_way() -> None:
    following = Following()
    following.crls.conflict = True
    async with following.running():
        await following.until(lambda: following.crls.collected >= 3)
        following.crls.conflict = False
        await following.until(lambda: len(following.crls.published) == 1)
    assert following.follower.statistics.failures == 0


async def test_a_late_crl_is_overdue() -> None:
    following = Following()
    async with following.running():
        await following.until(lambda: len(following.crls.published) == 1)
    following.clock.at = START + timedelta(hours=2, seconds=1)
    assert following.follower.overdue()
