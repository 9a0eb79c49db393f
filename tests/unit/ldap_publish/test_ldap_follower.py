import asyncio
from dataclasses import replace

import pytest

from directories.house import CA, House, until
from directories.in_memory import FakeDirectory
from directories.material import (
    BASE,
    CARD_ID,
    START,
    TOKEN_CA,
    FakeCursors,
    FakeFacts,
    FakeJournal,
    card_certificate,
    published_crl,
)
from ldap_publish.entry import CERTIFICATE, CRL, card_dn
from ldap_publish.follower import CURSOR, UNFINISHED_CURSOR, Backoff
from ldap_publish.plan import AddEntry, Change
from ldap_publish.ports import Done, NotAccepted
from ldap_publish.upkeep import Target, target_of
from pki.domain.cards import Issued, Lapsed
from pki.domain.errors import DirectoryUnavailable, StoreUnavailable
from pki.domain.events import CardLapsed, CardOrdered, Event, ServiceStarted
from pki.domain.identifiers import IssuerId, PersonId, Ura


async def test_a_confirmed_card_and_a_crl_are_published() -> None:
    house = House()
    card, crl = card_certificate(CA, 1), published_crl(CA, 1)
    house.facts.put(card)
    await house.follow_to(house.facts.publish(crl))
    assert house.directory.entries[card_dn(card, BASE)][CERTIFICATE.lower()] == (card.der,)
    assert house.directory.entries[f"ou=token-ca-g1,{BASE}"][CRL.lower()] == (crl.der,)
    statistics = house.follower.statistics()
    assert (statistics.position, statistics.lag_seconds, statistics.connected) == (2, 0.0, True)


async def test_nothing_is_published_before_confirmation_nor_after_a_lapse() -> None:
    house = House()
    card = card_certificate(CA, 1)
    house.facts.put(card, Issued(at=START, serial=card.serial))
    position = house.facts.put(card, Lapsed(at=START, serial=card.serial, revoked_at=START))
    await house.follow_to(position)
    assert card_dn(card, BASE) not in house.directory.entries


async def test_what_should_never_have_shown_is_taken_away() -> None:
    house = House()
    card = card_certificate(CA, 1)
    await house.follow_to(house.facts.put(card))
    house.restart()
    await house.follow_to(house.facts.put(card, Issued(at=START, serial=card.serial)))
    assert card_dn(card, BASE) not in house.directory.entries


async def test_applied_twice_equals_once() -> None:
    house = House()
    position = house.facts.put(card_certificate(CA, 1))
    await house.follow_to(position)
    applied = len(house.directory.applied)
    house.cursors = FakeCursors()
    house.restart()
    await house.follow_to(position)
    assert len(house.directory.applied) == applied > 0


async def test_a_directory_that_is_down_delays_and_loses_nothing() -> None:
    house = House()
    house.directory.down = True
    cards = [card_certificate(CA, number) for number in range(5)]
    async with house.running():
        for card in cards:
            house.facts.put(card)
            await asyncio.sleep(0.002)
        house.clock.at = START.replace(minute=1)
        await until(lambda: house.follower.statistics().failures > 0)
        assert house.follower.statistics().connected is False
        assert CURSOR not in house.cursors.saved
        house.directory.down = False
        await house.reached(len(house.journal.entries))
    added = [each.dn for each in house.directory.applied if isinstance(each, AddEntry)]
    assert [dn for dn in added if dn.startswith("uid=")] == [card_dn(card, BASE) for card in cards]


async def test_lag_is_the_age_of_the_oldest_change_that_waits() -> None:
    house = House()
    async with house.running():
        await house.reached(house.facts.put(card_certificate(CA, 1)))
        house.directory.down = True
        house.facts.put(card_certificate(CA, 2))
        house.clock.at = START.replace(minute=2)
        await until(lambda: not house.follower.statistics().connected)
        assert house.follower.statistics().lag_seconds == 120.0


async def test_poison_is_set_aside_seen_and_looked_at_again() -> None:
    house = House()
    poison, good = card_certificate(CA, 1), card_certificate(CA, 2)
    house.directory.refuses[card_dn(poison, BASE)] = NotAccepted(code=65, why="classes")
    house.facts.put(poison)
    await house.follow_to(house.facts.put(good))
    assert card_dn(good, BASE) in house.directory.entries
    (aside,) = house.follower.statistics().set_aside
    assert (aside.serial, aside.issuer) == (poison.serial.hex, "token-ca-g1")
    assert "classes" in aside.why
    assert house.cursors.saved[UNFINISHED_CURSOR] == 1

    house.directory.refuses.clear()
    house.restart()
    await house.follow_to(house.facts.put(good))
    assert card_dn(poison, BASE) in house.directory.entries
    assert house.follower.statistics().set_aside == ()
    assert house.cursors.saved[UNFINISHED_CURSOR] == 0


async def test_an_entry_that_breaks_the_connection_is_set_aside() -> None:
    house = House()
    poison, good = card_certificate(CA, 1), card_certificate(CA, 2)
    house.directory.breaks_on.add(card_dn(poison, BASE))
    house.facts.put(poison)
    await house.follow_to(house.facts.put(good))
    assert card_dn(good, BASE) in house.directory.entries
    assert [each.serial for each in house.follower.statistics().set_aside] == [poison.serial.hex]


async def test_a_directory_that_forgets_what_it_takes_is_not_believed() -> None:
    class Forgetful(FakeDirectory):
        async def apply(self, change: Change) -> Done:
            return Done()

    house = House()
    await house.follow_to(house.facts.put(card_certificate(CA, 1)))
    forgetful = Forgetful()
    forgetful.entries = house.directory.entries
    house.directory = forgetful
    house.restart()
    await house.follow_to(house.facts.put(card_certificate(CA, 2)))
    (aside,) = house.follower.statistics().set_aside
    assert "does not keep" in aside.why


async def test_an_emptied_directory_is_filled_again() -> None:
    house = House()
    old, new = card_certificate(CA, 1), card_certificate(CA, 2)
    crl = published_crl(CA, 3)
    async with house.running():
        house.facts.publish(crl)
        await house.reached(house.facts.put(old))
        house.directory.entries.clear()
        await house.reached(house.facts.put(new))
    assert {card_dn(old, BASE), card_dn(new, BASE)} <= set(house.directory.entries)
    assert house.directory.entries[f"ou=token-ca-g1,{BASE}"][CRL.lower()] == (crl.der,)


async def test_an_emptied_directory_is_filled_at_the_start() -> None:
    house = House()
    card = card_certificate(CA, 1)
    position = house.facts.put(card)
    await house.follow_to(position)
    house.directory.entries.clear()
    house.restart()
    async with house.running():
        await until(lambda: card_dn(card, BASE) in house.directory.entries)


async def test_a_comparison_that_was_broken_off_is_owed() -> None:
    house = House()
    card = card_certificate(CA, 1)
    await house.follow_to(house.facts.put(card))
    # As after a crash in the middle: the tree stands again, the cards do not.
    del house.directory.entries[card_dn(card, BASE)]
    house.cursors.saved[UNFINISHED_CURSOR] = 1
    house.restart()
    async with house.running():
        await until(lambda: house.cursors.saved[UNFINISHED_CURSOR] == 0)
    assert card_dn(card, BASE) in house.directory.entries


async def test_a_comparison_that_fails_in_the_middle_is_done_again() -> None:
    house = House()
    cards = [card_certificate(CA, number) for number in range(3)]
    async with house.running():
        for card in cards:
            await house.reached(house.facts.put(card))
        house.directory.entries.clear()
        house.directory.breaks_after = 8  # the tree is made then, the cards are not
        house.facts.put(card_certificate(CA, 9))
        await until(lambda: house.follower.statistics().failures > 0)
        house.directory.breaks_after = None
        await house.reached(4)
    assert {card_dn(card, BASE) for card in cards} <= set(house.directory.entries)


async def test_a_tree_that_is_refused_is_no_reason_to_go_on() -> None:
    house = House()
    house.directory.refuses[BASE] = NotAccepted(code=50, why="no")
    house.facts.put(card_certificate(CA, 1))
    with pytest.raises(DirectoryUnavailable, match="does not take the tree"):
        await house.upkeep.reconcile()


async def test_a_store_that_is_away_is_waited_for() -> None:
    house = House()
    position = house.facts.put(card_certificate(CA, 1))
    working = house.facts.card_certificate
    calls = 0

    async def failing(serial: object) -> None:
        nonlocal calls
        calls += 1
        raise StoreUnavailable(message="away")

    house.facts.card_certificate = failing  # type: ignore[method-assign] # breaks on purpose
    async with house.running():
        await until(lambda: calls >= 3)
        house.facts.card_certificate = working  # type: ignore[method-assign] # mended
        await house.reached(position)


async def test_certificates_of_unpublished_cas_are_left_out() -> None:
    house = House()
    card = replace(card_certificate(CA, 1), issuer=IssuerId("other-ca-g1"))
    await house.follow_to(house.facts.put(card))
    assert card_dn(card, BASE) not in house.directory.entries
    assert house.follower.statistics().set_aside == ()


async def test_reconcile_pages_through_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ldap_publish.upkeep._PAGE", 2)
    house = House()
    cards = [card_certificate(CA, number) for number in range(5)]
    for card in cards:
        house.facts.put(card)
    assert (await house.upkeep.reconcile()).examined == 5
    assert {card_dn(card, BASE) for card in cards} <= set(house.directory.entries)
    assert (await house.upkeep.reconcile()).changed == 0


@pytest.mark.parametrize(
    "event",
    [
        ServiceStarted(roles="x", version="1"),
        CardOrdered(card=CARD_ID, person=PersonId("0" * 32), ura=Ura("90000382")),
        CardLapsed(card=CARD_ID, issuer=TOKEN_CA, serial=None, revoked_at=None),
    ],
)
def test_events_about_no_certificate_ask_nothing(event: Event) -> None:
    assert target_of(event) is None


def test_a_crl_is_a_target_of_its_issuer() -> None:
    journal = FakeJournal()
    FakeFacts(journal).publish(published_crl(CA, 1))
    assert target_of(journal.entries[0].event) == Target(issuer=TOKEN_CA, serial=None)


def test_waiting_doubles_up_to_its_limit() -> None:
    backoff = Backoff(first=0.25, longest=15.0)
    waits = [backoff.after(failures) for failures in (1, 2, 3, 7, 8, 5000)]
    assert waits == [0.25, 0.5, 1.0, 15.0, 15.0, 15.0]


@pytest.mark.parametrize(
    ("per_second", "count", "seconds", "rest"),
    [(0, 500, 0.1, 0.0), (100, 500, 1.0, 4.0), (100, 500, 9.0, 0.0), (100, 0, 0.0, 0.0)],
)
def test_a_flood_is_spread_over_time(
    per_second: float, count: int, seconds: float, rest: float
) -> None:
    assert Backoff(per_second=per_second).rest(count, seconds) == rest


async def test_a_follower_with_a_pace_brings_all_in_line() -> None:
    house = House(per_second=2000)
    cards = [card_certificate(CA, number) for number in range(5)]
    position = [house.facts.put(card) for card in cards][-1]
    await house.follow_to(position)
    assert all(card_dn(card, BASE) in house.directory.entries for card in cards)
