"""The last CRL: when it is made, what it says, and that none follows."""

import asyncio
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from crl.build import CrlIssuer
from crl.ending import LAST_CALL, Ends, Retirement, years_after
from crl.follower import CrlFollower
from crl.plan import Present, seconds_until_due
from crl.policy import LAST_UPDATE, CrlPolicy
from crl.service import CrlService
from fakes.status import ISSUER, START, FakeClock, FakeCrlStore, FakeFeed, FakeStore
from pki.der.crl import read_crl
from pki.domain.status import Revoked
from pki.trust.signatures import verify_signature
from status_side.small_pki import SERIALS, PlainSigner, PracticeCa, new_key

SECOND = timedelta(seconds=1)
YEAR = timedelta(days=366)
CA_UNTIL = START + 20 * YEAR
LAST_CARD = START + 3 * YEAR
ARCHIVED = years_after(LAST_CARD, 7)
CA = PracticeCa("Token CA", new_key("ca"))
POLICY = CrlPolicy()


def retirement(*, issues: bool = False, ended: bool = False) -> Retirement:
    return Retirement(ca_until=CA_UNTIL, archive_years=7, issues=issues, ended=ended)


def test_one_that_answers_goes_on_to_the_end_of_its_archive_period() -> None:
    ends = Ends(until=LAST_CARD, trusted_until=LAST_CARD)
    for moment in (START, LAST_CARD + SECOND, ARCHIVED):
        assert not retirement().over(ends, moment)
    assert retirement().over(ends, ARCHIVED + SECOND)


def test_one_that_issues_ends_with_its_own_certificate_only() -> None:
    ends = Ends(until=LAST_CARD, trusted_until=None)
    assert not retirement(issues=True).over(ends, ARCHIVED + YEAR)
    assert retirement(issues=True).over(ends, CA_UNTIL - LAST_CALL)
    assert not retirement(issues=True).may_be_over(ARCHIVED + YEAR)
    assert retirement(issues=True).may_be_over(CA_UNTIL - LAST_CALL)


@pytest.mark.parametrize("ended", [True, False])
def test_none_is_the_last_while_a_certificate_is_good(ended: bool) -> None:
    ends = Ends(until=CA_UNTIL, trusted_until=CA_UNTIL)
    assert not retirement(ended=ended).over(ends, CA_UNTIL)
    assert retirement(ended=ended).over(ends, CA_UNTIL + SECOND)


def test_it_ended_once_all_are_revoked() -> None:
    assert retirement(ended=True).over(Ends(until=LAST_CARD, trusted_until=None), START)


def test_one_that_never_issued_waits_for_its_own_end() -> None:
    nothing = Ends(until=None, trusted_until=None)
    assert not retirement().over(nothing, CA_UNTIL - YEAR)
    assert retirement().over(nothing, CA_UNTIL)


def test_a_leap_day_is_archived_to_the_first_of_march() -> None:
    leap = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert years_after(leap, 7) == datetime(2035, 3, 1, 12, tzinfo=UTC)
    assert years_after(leap, 4) == datetime(2032, 2, 29, 12, tzinfo=UTC)


@dataclass
class FakeLife:
    is_over: bool = False

    async def over(self, now: datetime) -> bool:
        del now
        return self.is_over


class House:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = FakeStore(self.clock)
        self.crls = FakeCrlStore(self.store)
        self.life = FakeLife()
        self.service = CrlService(
            CrlIssuer.of(ISSUER, CA.certificate),
            PlainSigner(CA.key),
            self.crls,
            verify=verify_signature,
            clock=self.clock,
            policy=POLICY,
        )

    def follower(self) -> CrlFollower:
        feed = FakeFeed(self.store)
        return CrlFollower(self.service, feed, clock=self.clock, policy=POLICY, life=self.life)


async def test_the_last_one_lists_all_and_is_good_for_ever() -> None:
    house = House()
    first, second, *_ = SERIALS
    house.store.change(first, Revoked(at=START, reason=None))
    await house.service.publish_next()
    house.store.change(second, Revoked(at=START, reason=None))
    published = (await house.service.publish_next(last=True)).whole
    read = read_crl(published.der)
    assert read.next_update == LAST_UPDATE == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert b"99991231235959Z" in published.der
    assert set(read.entries) == {first.value, second.value}
    assert read.number == 2
    assert (
        seconds_until_due(Present.of(published, 400), START + 900 * YEAR, 60.0, POLICY) == math.inf
    )


async def test_none_follows_it_not_even_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crl.follower.GLANCE", 0.001)
    house = House()
    for _ in range(2):
        follower = house.follower()
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(follower.run())
            while follower.latest is None:  # noqa: ASYNC110 -- the loop under test has no other sign
                await asyncio.sleep(0.001)
            house.life.is_over = True
            house.clock.at += timedelta(days=30)
            while len(house.crls.published) < 2:  # noqa: ASYNC110 -- as above
                await asyncio.sleep(0.001)
            house.clock.at += 100 * YEAR
            await asyncio.sleep(0.05)
            assert not follower.overdue()
            running.cancel()
    published = [each.next_update for each in house.crls.published]
    assert published == [START + POLICY.validity, LAST_UPDATE]


async def test_one_that_ended_makes_its_last_one_at_once() -> None:
    house = House()
    await house.service.publish_next()
    house.life.is_over = True
    follower = house.follower()
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(follower.run())
        while len(house.crls.published) < 2:  # noqa: ASYNC110 -- the loop under test has no other sign
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        running.cancel()
    published = [each.next_update for each in house.crls.published]
    assert published == [START + POLICY.validity, LAST_UPDATE]
