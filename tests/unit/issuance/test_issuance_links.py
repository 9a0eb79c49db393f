"""Which organisations manage a card, and what becomes of one that nobody manages."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.issuance import APOTHEEK, HUISARTS, Surroundings
from fakes.issuance_store import START
from issuance.block_card import block_card
from issuance.endings.runner import EndingRunner
from issuance.endings.unlinked import end_unlinked
from issuance.linking.link_card import link_card, management, unlink_card
from issuance.rules.unlinked import ends_at, shortest
from issuance.unblock_card import unblock_card
from issuing.holder import Holder, refusals
from pki.domain.cards import Active, Card, CardPhase, Ended, Issued, Lapsed, Ordered
from pki.domain.endings.by_time import ended_unlinked
from pki.domain.errors import (
    Conflict,
    Forbidden,
    IntegrityBroken,
    Malformed,
    NotFound,
    Refused,
    StoreUnavailable,
)
from pki.domain.events import CardRevoked
from pki.domain.identifiers import SerialNumber, Ura, UziNumber
from pki.domain.linking.events import CardLinked, CardUnlinked
from pki.domain.people import SYSTEM, Role
from pki.domain.reasons import BlockReason, RefusalReason, RevocationReason, RevokeReason
from pki.domain.status import Good, Revoked
from stores.samples import card as sample_card

NUMBER = UziNumber("900012345")
TWO_MONTHS_ON = ends_at(START)
moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 -- hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 -- as above
    timezones=st.just(UTC),
)


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T23:59:59.5+00:00")


@pytest.mark.parametrize(
    ("since", "end"),
    [
        ("2026-11-22", "2027-01-22"),
        ("2026-12-31", "2027-02-28"),
        ("2027-12-31", "2028-02-29"),
        ("2027-12-30", "2028-02-29"),
        ("2026-07-31", "2026-09-30"),
        ("2028-02-29", "2028-04-29"),
    ],
)
def test_two_months_are_those_of_the_calendar(since: str, end: str) -> None:
    assert ends_at(day(since)) == day(end)


@given(since=moments, earlier=st.timedeltas(timedelta(0), timedelta(days=40)))
def test_the_end_comes_in_order_and_never_before_what_is_looked_up(
    since: datetime, earlier: timedelta
) -> None:
    assert ends_at(since) - since >= shortest()
    assert ends_at(since - earlier) <= ends_at(since)


async def refused(what: Coroutine[Any, Any, object]) -> RefusalReason:
    with pytest.raises(Refused) as raised:
        await what
    return raised.value.reason


async def test_a_card_is_managed_by_every_organisation_it_is_linked_to(
    around: Surroundings, holder: Holder
) -> None:
    card = await holder.make()
    maker, other = (around.operator(Role.BEHEERDER, ura) for ura in (APOTHEEK, HUISARTS))
    linked = await link_card(around.desk, other, NUMBER)
    assert isinstance(linked.entry.event, CardLinked)
    assert (linked.entry.event.ura, linked.entry.actor.ura) == (HUISARTS, HUISARTS)
    assert set(linked.management.organisations) == {APOTHEEK, HUISARTS}
    assert linked.management.ends_at is None
    await block_card(around.desk, other, card.id, BlockReason.LOSS)
    await unblock_card(around.desk, maker, card.id)
    left = await unlink_card(around.desk, maker, card.id)
    assert isinstance(left.entry.event, CardUnlinked)
    assert (left.entry.event.ends_at, left.management.organisations) == (None, (HUISARTS,))
    late = block_card(around.desk, maker, card.id, BlockReason.LOSS)
    assert await refused(late) is RefusalReason.CARD_NOT_LINKED
    assert (await management(around.desk, other, card.id)).organisations == (HUISARTS,)


async def test_the_ura_of_the_pass_stays_whoever_manages_the_card(
    around: Surroundings, holder: Holder
) -> None:
    card = await holder.make()
    await link_card(around.desk, around.operator(Role.BEHEERDER, HUISARTS), NUMBER)
    moved = await unlink_card(around.desk, around.operator(Role.BEHEERDER, APOTHEEK), card.id)
    assert moved.management.card.ura == APOTHEEK


async def test_who_may_link_and_for_whom(around: Surroundings, holder: Holder) -> None:
    card = await holder.make()
    desk, other = around.desk, around.operator(Role.ADMINISTRATOR, HUISARTS)
    node = around.operator(Role.STATUS_NODE, None)
    for what in (
        link_card(desk, other, NUMBER, APOTHEEK),
        unlink_card(desk, other, card.id, APOTHEEK),
        link_card(desk, node, NUMBER, HUISARTS),
        unlink_card(desk, node, card.id, APOTHEEK),
    ):
        with pytest.raises(Forbidden):
            await what
    for team in (link_card(desk, around.team, NUMBER), unlink_card(desk, around.team, card.id)):
        with pytest.raises(Malformed):
            await team
    assert await refused(unlink_card(desk, other, card.id)) is RefusalReason.CARD_NOT_LINKED
    assert await refused(management(desk, other, card.id)) is RefusalReason.CARD_NOT_LINKED
    unknown = link_card(desk, around.team, NUMBER, Ura("11111111"))
    assert await refused(unknown) is RefusalReason.ORGANISATION_UNKNOWN
    assert refusals(around) == [RefusalReason.CARD_NOT_LINKED, RefusalReason.ORGANISATION_UNKNOWN]
    await link_card(desk, around.team, NUMBER, HUISARTS)
    with pytest.raises(Conflict):
        await link_card(desk, other, NUMBER)
    await unlink_card(desk, around.team, card.id, APOTHEEK)
    with pytest.raises(NotFound):
        await unlink_card(desk, around.team, card.id, APOTHEEK)


async def test_only_a_card_in_use_is_linked(around: Surroundings, holder: Holder) -> None:
    manager = around.operator(Role.BEHEERDER, HUISARTS)
    for step in (holder.begin, holder.order, holder.certify):
        with pytest.raises(NotFound):
            await link_card(around.desk, manager, NUMBER)
        await step()
    with pytest.raises(NotFound):
        await link_card(around.desk, manager, NUMBER)
    await holder.confirm()
    await link_card(around.desk, manager, NUMBER)


async def unlinked(around: Surroundings, holder: Holder) -> Card:
    card = await holder.make()
    change = await unlink_card(around.desk, around.operator(Role.BEHEERDER, APOTHEEK), card.id)
    assert isinstance(change.entry.event, CardUnlinked)
    assert change.entry.event.ends_at == change.management.ends_at == TWO_MONTHS_ON
    return card


async def test_without_an_organisation_a_card_works_two_months_and_not_a_moment_longer(
    around: Surroundings, holder: Holder
) -> None:
    card = await unlinked(around, holder)
    assert card.serial is not None
    around.clock.at = TWO_MONTHS_ON - timedelta(microseconds=1)
    assert await end_unlinked(around.desk) == 0
    assert around.store.tables.statuses[card.serial] == Good()
    around.clock.at = TWO_MONTHS_ON
    assert await end_unlinked(around.desk) == 1
    assert around.store.tables.statuses[card.serial] == Revoked(
        at=TWO_MONTHS_ON, reason=RevocationReason.CESSATION_OF_OPERATION
    )
    [entry] = around.store.events(CardRevoked)
    assert isinstance(entry.event, CardRevoked)
    assert (entry.actor, entry.event.reason) == (SYSTEM, RevokeReason.UNLINKED)
    assert await end_unlinked(around.desk) == 0
    ended = unlink_card(around.desk, around.team, card.id, APOTHEEK)
    assert await refused(ended) is RefusalReason.CARD_STATE
    assert (await management(around.desk, around.team, card.id)).ends_at is None


async def test_a_block_gives_the_date_of_the_end(around: Surroundings, holder: Holder) -> None:
    card = await unlinked(around, holder)
    assert card.serial is not None
    around.clock.advance(days=3)
    blocked = await block_card(around.desk, around.team, card.id, BlockReason.LOSS)
    around.clock.at = TWO_MONTHS_ON
    assert await end_unlinked(around.desk) == 1
    status = around.store.tables.statuses[card.serial]
    assert isinstance(status, Revoked)
    assert status.at == blocked.entry.at


async def test_a_new_link_stops_the_clock_and_its_end_starts_it_anew(
    around: Surroundings, holder: Holder
) -> None:
    card = await unlinked(around, holder)
    around.clock.advance(days=50)
    other = around.operator(Role.BEHEERDER, HUISARTS)
    linked = await link_card(around.desk, other, NUMBER)
    assert linked.management.ends_at is None
    around.clock.advance(days=50)
    assert await end_unlinked(around.desk) == 0
    again = await unlink_card(around.desk, other, card.id)
    assert again.management.ends_at == ends_at(around.clock.now())
    around.clock.advance(days=50)
    assert await end_unlinked(around.desk) == 0


async def test_a_link_that_comes_while_the_end_is_decided_saves_the_card(
    around: Surroundings, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await unlinked(around, holder)
    around.clock.at = TWO_MONTHS_ON
    read = around.store.read

    async def read_and_link(query: Any) -> Any:
        found = await read(query)
        monkeypatch.setattr(around.store, "read", read)
        await link_card(around.desk, around.team, NUMBER, HUISARTS)
        return found

    monkeypatch.setattr(around.store, "read", read_and_link)
    assert await end_unlinked(around.desk) == 0
    assert isinstance(around.store.tables.cards[card.id].phase, Active)


async def test_a_card_that_cannot_end_holds_up_no_other(
    around: Surroundings, holder: Holder, caplog: pytest.LogCaptureFixture
) -> None:
    broken = await unlinked(around, holder)
    second = Holder(around, "900012346")
    await second.begin()
    await second.order("l" * 16, "ZC-000002")
    await second.certify(b"another key")
    await second.confirm()
    await unlink_card(around.desk, around.team, second.card.id, APOTHEEK)
    assert broken.serial is not None
    del around.store.tables.certificates[broken.serial]
    around.clock.at = TWO_MONTHS_ON
    assert await end_unlinked(around.desk) == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert caplog.records[0].__dict__["why"] == IntegrityBroken.code
    assert isinstance(around.store.tables.cards[second.card.id].phase, Ended)


async def test_the_runner_goes_on_after_an_error(
    around: Surroundings, holder: Holder, caplog: pytest.LogCaptureFixture
) -> None:
    card = await unlinked(around, holder)
    around.clock.at = TWO_MONTHS_ON
    failures = [StoreUnavailable(message="away")]

    def fail_once() -> None:
        if failures:
            raise failures.pop()

    over = asyncio.Event()
    around.store.before_commit, around.store.after_commit = fail_once, over.set
    runner = EndingRunner(around.desk, every=timedelta(milliseconds=1))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(runner.run())
        async with asyncio.timeout(60):
            await over.wait()
        task.cancel()
    assert not failures
    assert [record.levelname for record in caplog.records if "now" in record.message] == ["WARNING"]
    assert isinstance(around.store.tables.cards[card.id].phase, Ended)


@pytest.mark.parametrize(
    "phase",
    [
        Ordered(at=START),
        Issued(at=START, serial=SerialNumber(1 << 157)),
        Lapsed(at=START, serial=None, revoked_at=None),
        Ended(
            at=START,
            serial=SerialNumber(1 << 157),
            revoked_at=START,
            reason=RevokeReason.DEFECT,
        ),
    ],
)
def test_what_was_never_in_use_or_has_ended_does_not_end_again(phase: CardPhase) -> None:
    with pytest.raises(Refused):
        ended_unlinked(sample_card(1, phase), at=START)
