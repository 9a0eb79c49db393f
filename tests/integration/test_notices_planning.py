"""What is told, to whom, and once."""

import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from letters.house import DAY, MINUTE, NOT_AFTER, ONE, TWO, House, blocked, house_of_three, revoked
from pki.domain import cards
from pki.domain.linking.events import CardUnlinked
from pki.domain.notices.records import NoticeKind
from pki.domain.reasons import BlockReason
from stores.samples import card
from stores.steps import put


@pytest.fixture
async def house(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[House]:
    """See `house_of_three`."""
    async with house_of_three(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}") as made:
        yield made


async def test_every_organisation_that_managed_the_card_is_told(house: House) -> None:
    await house.store.write(lambda session: session.put_link(card(1).id, TWO.id, house.clock.at))
    entries = await house.happen(blocked(1))
    await house.store.write(
        lambda session: session.end_link(card(1).id, ONE.id, house.clock.at + MINUTE)
    )
    assert await house.planner.take_up(entries) == 2
    assert {each.notice.organisation for each in await house.shown()} == {ONE.id, TWO.id}


async def test_who_lost_the_card_last_is_warned(house: House) -> None:
    at, ends = house.clock.at, house.clock.at + 61 * DAY
    await house.store.write(lambda session: session.end_link(card(1).id, ONE.id, at))
    event = CardUnlinked(card=card(1).id, organisation=ONE.id, ura=ONE.ura, ends_at=ends)
    assert await house.tell(event) == 1
    (only,) = await house.shown()
    assert (only.notice.organisation, only.managed) == (ONE.id, False)
    assert (only.notice.fact.kind, only.notice.fact.until) == (NoticeKind.UNLINKED, ends)


async def test_an_entry_that_is_read_twice_is_told_once(house: House) -> None:
    entries = await house.happen(blocked(1), revoked(1))
    assert await house.planner.take_up(entries) == 2
    assert await house.planner.position() == entries[-1].position
    assert await house.planner.take_up(entries) == 0
    assert await house.outbox().round() == 1
    assert await house.planner.take_up(entries) == 0
    assert await house.outbox().round() == 0


@pytest.mark.parametrize(
    ("days", "kinds"),
    [
        ((91, 1), []),
        ((90, 0), ["expires-90"]),
        ((60, 0), ["expires-90"]),
        ((30, 1), ["expires-90"]),
        ((30, 0), ["expires-30"]),
        ((7, 0), ["expires-7"]),
        ((0, 1), ["expires-7"]),
        ((0, 0), []),
        ((-9, 0), []),
    ],
)
async def test_an_expiry_is_told_by_the_notice_of_its_time(
    house: House, days: tuple[int, int], kinds: list[str]
) -> None:
    before, minutes = days
    house.clock.at = NOT_AFTER - before * DAY - minutes * MINUTE
    assert await house.planner.look() == 3 * len(kinds)
    assert {each.notice.fact.kind.value for each in await house.shown()} == set(kinds)
    assert await house.planner.look() == 0


async def test_each_expiry_notice_comes_once_whatever_the_clock_does(house: House) -> None:
    for days in (90, 89, 30, 31, 89, 7, 3, 200, 30, 1):
        house.clock.at = NOT_AFTER - days * DAY
        await house.planner.look()
        await house.outbox().round()
    kinds = Counter(each.notice.fact.kind.value for each in await house.shown())
    assert kinds == {"expires-90": 3, "expires-30": 3, "expires-7": 3}
    told = [each.notice.id for letter in house.carrier.got for each in letter.notices]
    assert len(told) == len(set(told)) == 6


async def test_a_block_that_lasts_too_long_is_told_once(house: House) -> None:
    held = await house.reader.read(lambda session: session.card(card(1).id))
    assert held is not None
    since = house.clock.at
    await put(house.store, cards.blocked(held, reason=BlockReason.LOSS, at=since))
    house.clock.at = since + 30 * DAY
    assert await house.planner.look() == 0
    house.clock.at += MINUTE
    assert await house.planner.look() == 1
    assert await house.planner.look() == 0
    (only,) = await house.shown()
    assert (only.notice.fact.kind, only.notice.fact.at) == (NoticeKind.HELD, since)
