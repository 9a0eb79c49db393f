"""A directory that is away for a day, and one that is lost in the middle of what is brought."""

from datetime import timedelta
from functools import partial

from directories.house import CA, House, until
from directories.material import BASE, START, card_certificate, published_crl
from ldap_publish.entry import card_dn
from ldap_publish.plan import AddEntry, Change
from ldap_publish.ports import Outcome
from pki.domain.cards import Issued
from pki.domain.errors import DirectoryUnavailable

HOURS = 24
CARD, OTHER = card_certificate(CA, 1), card_certificate(CA, 2)
LISTS = tuple(published_crl(CA, number) for number in (1, 2))


def failed_since(house: House, failures: int) -> bool:
    return house.follower.statistics().failures > failures


async def test_after_a_day_away_everything_comes_in_its_order() -> None:
    house = House()
    cards = [card_certificate(CA, number) for number in range(2 * HOURS)]
    house.directory.down = True
    async with house.running():
        for hour in range(HOURS):
            for card in cards[2 * hour : 2 * hour + 2]:
                house.facts.put(card)
            house.facts.publish(published_crl(CA, hour + 1))
            failures = house.follower.statistics().failures
            await until(partial(failed_since, house, failures))
            house.clock.at = START + timedelta(hours=hour + 1)
            assert house.follower.statistics().lag_seconds == 3600.0 * (hour + 1)
    house.restart()
    withdrawn = cards[7]
    end = house.facts.put(withdrawn, Issued(at=START, serial=withdrawn.serial))
    house.directory.down = False
    await house.follow_to(end)
    added = [each.dn for each in house.directory.applied if isinstance(each, AddEntry)]
    expected = [card_dn(card, BASE) for card in cards if card is not withdrawn]
    assert [dn for dn in added if dn.startswith("uid=")] == expected
    assert len(house.directory.entries) == len(expected) + len(
        [dn for dn in added if not dn.startswith("uid=")]
    )
    assert house.follower.statistics().lag_seconds == 0.0


class Lost(DirectoryUnavailable):
    """The line is dead."""


async def followed(lose_at: int | None) -> tuple[House, int]:
    """A directory that is lost at its n-th change: done, and nobody hears of it."""
    house, count = House(), 0
    apply = house.directory.apply

    async def losing(change: Change) -> Outcome:
        nonlocal count
        outcome = await apply(change)
        count += 1
        if count == lose_at:
            house.directory.down = True
            raise Lost(message="the line is dead")
        return outcome

    house.directory.apply = losing  # type: ignore[method-assign]  # the fake's own way to break
    house.facts.put(CARD)
    house.facts.publish(LISTS[0])
    house.facts.put(OTHER)
    house.facts.put(CARD, Issued(at=START, serial=CARD.serial))
    end = house.facts.publish(LISTS[1])
    if lose_at is not None:
        async with house.running():
            await until(lambda: house.directory.down)
        house.directory.down = False
        house.restart()
    await house.follow_to(end)
    return house, count


async def test_what_was_half_applied_when_it_was_lost_is_whole_in_the_end() -> None:
    undisturbed, changes = await followed(None)
    assert changes > 4
    for lose_at in range(1, changes + 1):
        house, _ = await followed(lose_at)
        assert house.directory.entries == undisturbed.directory.entries, lose_at
