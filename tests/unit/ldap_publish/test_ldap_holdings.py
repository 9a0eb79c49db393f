"""What was seen to be in line is not read again; whatever is not so is found all the same."""

from collections.abc import Callable, Sequence

import pytest

from directories.house import CA, TREE, House
from directories.material import BASE, START, TOKEN_CA, card_certificate, published_crl
from ldap_publish.entry import CERTIFICATE, card_dn
from ldap_publish.holdings import look
from ldap_publish.ports import NotAccepted, Page
from pki.domain.cards import Issued
from pki.domain.records import IssuedCertificate

COUNT = 7
Held = dict[str, tuple[bytes, ...]]


async def filled(count: int = COUNT) -> tuple[House, list[IssuedCertificate]]:
    """Cards and a CRL, published; the counters begin anew."""
    house = House()
    cards = [card_certificate(CA, number) for number in range(count)]
    for card in cards:
        house.facts.put(card)
    house.facts.publish(published_crl(CA, 1))
    await house.upkeep.reconcile()
    house.directory.applied.clear()
    house.directory.reads = 0
    return house, cards


async def reads_of_a_comparison(count: int) -> int:
    house, _ = await filled(count)
    assert (await house.upkeep.reconcile()).changed == 0
    return house.directory.reads


async def test_what_is_in_line_is_not_asked_for_one_by_one() -> None:
    assert await reads_of_a_comparison(1) == await reads_of_a_comparison(COUNT)


async def test_a_directory_that_gives_no_pages_is_read_one_by_one() -> None:
    house, cards = await filled()
    house.directory.gives_pages = False
    del house.directory.entries[card_dn(cards[3], BASE)]
    assert (await house.upkeep.reconcile()).changed == 1
    assert house.directory.reads > COUNT


def _spoilt(name: str, *values: bytes) -> Callable[[Held], None]:
    return lambda held: held.update({name: values})


@pytest.mark.parametrize(
    "spoil",
    [
        _spoilt("cn", b"Somebody Else"),
        _spoilt("sn", b"Test", b"Another"),
        _spoilt("givenname"),
        _spoilt("objectclass", b"inetOrgPerson", b"pkiUser"),
        _spoilt(CERTIFICATE.lower(), b"another"),
        _spoilt("uid"),
        lambda held: held.pop("o"),
    ],
    ids=["value", "more", "none", "class", "certificate", "uid", "absent"],
)
async def test_each_difference_is_found_and_mended(spoil: Callable[[Held], object]) -> None:
    house, cards = await filled()
    before = {name: dict(held) for name, held in house.directory.entries.items()}
    spoil(house.directory.entries[card_dn(cards[3], BASE)])
    assert (await house.upkeep.reconcile()).changed == 1
    for name, values in before[card_dn(cards[3], BASE)].items():
        assert set(values) <= set(house.directory.entries[card_dn(cards[3], BASE)][name])
    assert {each.dn for each in house.directory.applied} == {card_dn(cards[3], BASE)}


async def test_what_others_added_is_looked_at_and_stays() -> None:
    house, cards = await filled()
    held = house.directory.entries[card_dn(cards[3], BASE)]
    held[CERTIFICATE.lower()] = (b"theirs", cards[3].der)
    assert (await house.upkeep.reconcile()).changed == 0
    assert house.directory.reads > await reads_of_a_comparison(COUNT)


async def test_the_order_of_values_and_the_case_of_classes_are_the_directorys() -> None:
    house, cards = await filled()
    held = house.directory.entries[card_dn(cards[3], BASE)]
    held["objectclass"] = (b"top", b"PKIUSER", b"zorgidcard", b"InetOrgPerson", b"person")
    assert (await house.upkeep.reconcile()).changed == 0
    assert house.directory.reads == await reads_of_a_comparison(COUNT)


async def test_what_must_not_show_is_found() -> None:
    house, cards = await filled()
    house.facts.put(cards[3], Issued(at=START, serial=cards[3].serial))
    assert (await house.upkeep.reconcile()).changed == 1
    assert card_dn(cards[3], BASE) not in house.directory.entries
    assert (await house.upkeep.reconcile()).changed == 0


async def test_what_was_set_aside_is_tried_though_it_agrees() -> None:
    house, cards = await filled()
    name = card_dn(cards[3], BASE)
    whole = house.directory.entries.pop(name)
    house.directory.refuses[name] = NotAccepted(code=65, why="objectClassViolation")
    await house.upkeep.reconcile()
    assert len(house.upkeep.set_aside) == 1
    house.directory.refuses.clear()
    house.directory.entries[name] = whole
    await house.upkeep.reconcile()
    assert house.upkeep.set_aside == {}


async def test_entries_of_others_between_ours_disturb_nothing() -> None:
    house, _ = await filled()
    parent = f"ou={TOKEN_CA},{BASE}"
    house.directory.entries[f"uid=jan,{parent}"] = {"uid": (b"jan",)}
    house.directory.entries[f"uid=7,{parent}"] = {"uid": (b"7", b"8"), "cn": (b"x",)}
    assert (await house.upkeep.reconcile()).changed == 0
    holdings = await look(house.directory, TREE)
    assert holdings is not None


async def test_what_is_not_there_is_made_without_being_read_before() -> None:
    house, cards = await filled()
    reads = await reads_of_a_comparison(COUNT)
    for card in cards:
        del house.directory.entries[card_dn(card, BASE)]
    assert (await house.upkeep.reconcile()).changed == COUNT
    assert house.directory.reads == reads + COUNT, "each is read back, once"


async def test_what_somebody_makes_meanwhile_is_mended_when_it_is_read_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house, cards = await filled()
    name = card_dn(cards[3], BASE)
    theirs = house.directory.entries.pop(name) | {"sn": (b"Another",)}
    seen = house.directory.page_below

    async def page_below(dn: str, attributes: Sequence[str], after: bytes = b"") -> Page | None:
        page = await seen(dn, attributes, after)
        house.directory.entries.setdefault(name, theirs)
        return page

    monkeypatch.setattr(house.directory, "page_below", page_below)
    await house.upkeep.reconcile()
    assert house.directory.entries[name]["sn"] == (b"Test",)
