"""What would be done is told and not done; what is written again loses nothing of others."""

from dataclasses import replace

from directories.house import CA, TREE, House
from directories.in_memory import FakeDirectory
from directories.material import BASE, card_certificate, published_crl
from ldap_publish.entry import CERTIFICATE, CRL, card_dn
from ldap_publish.plan import AddEntry, Change, DeleteEntry, ReplaceValues
from ldap_publish.ports import Outcome
from ldap_publish.publisher import Publisher
from ldap_publish.rehearsal import Rehearsal
from ldap_publish.upkeep import Upkeep
from pki.domain.cards import Issued


async def rehearsed(house: House) -> list[Change]:
    told: list[Change] = []
    directory = Rehearsal(house.directory, told.append)
    upkeep = Upkeep(facts=house.facts, publisher=Publisher(directory, TREE), tree=TREE)
    before = {dn: dict(held) for dn, held in house.directory.entries.items()}
    await upkeep.reconcile()
    assert house.directory.entries == before
    assert upkeep.set_aside == {}
    return told


async def test_an_empty_directory_would_be_filled() -> None:
    house = House()
    card = card_certificate(CA, 1)
    house.facts.put(card)
    told = await rehearsed(house)
    added = [each.dn for each in told if isinstance(each, AddEntry)]
    assert added[0] == BASE
    assert added[-1] == card_dn(card, BASE)
    assert len(added) == len(told)


async def test_every_difference_is_told_and_stands_after_it() -> None:
    house = House()
    gone, changed, hidden = (card_certificate(CA, number) for number in range(3))
    for each in (gone, changed, hidden):
        house.facts.put(each)
    house.facts.publish(published_crl(CA, 1))
    await house.upkeep.reconcile()
    assert await rehearsed(house) == []
    house.facts.publish(published_crl(CA, 2))
    del house.directory.entries[card_dn(gone, BASE)]
    held = house.directory.entries[card_dn(changed, BASE)]
    held["cn"], held[CERTIFICATE.lower()] = (b"Somebody Else",), (b"other",)
    at = house.facts.cards[hidden.serial].phase.at
    house.facts.put(hidden, Issued(at=at, serial=hidden.serial))
    told = await rehearsed(house)
    assert sorted((type(each).__name__, each.dn) for each in told) == [
        ("AddEntry", card_dn(gone, BASE)),
        ("AddValues", card_dn(changed, BASE)),
        ("DeleteEntry", card_dn(hidden, BASE)),
        ("ReplaceValues", f"ou=token-ca-g1,{BASE}"),
        ("ReplaceValues", card_dn(changed, BASE)),
    ]
    await house.upkeep.reconcile()
    assert await rehearsed(house) == []


async def test_all_is_written_again_and_what_others_placed_stays() -> None:
    house = House()
    card = card_certificate(CA, 1)
    house.facts.put(card)
    house.facts.publish(published_crl(CA, 1))
    await house.upkeep.reconcile()
    held = house.directory.entries[card_dn(card, BASE)]
    held[CERTIFICATE.lower()] = (b"theirs", card.der)
    house.directory.applied.clear()
    publisher = Publisher(house.directory, TREE, rewrite=True)
    upkeep = Upkeep(facts=house.facts, publisher=publisher, tree=TREE)
    await upkeep.reconcile()
    written = {
        each.attribute
        for each in house.directory.applied
        if isinstance(each, ReplaceValues) and each.dn == card_dn(card, BASE)
    }
    assert written == {"cn", "sn", "givenName", "o", "serialNumber", "uid", CERTIFICATE}
    assert [each.dn for each in house.directory.applied if each.attribute == CRL] == [  # type: ignore[union-attr] # nothing is added here
        f"ou=token-ca-g1,{BASE}"
    ]
    assert set(held[CERTIFICATE.lower()]) == {b"theirs", card.der}
    assert BASE not in {each.dn for each in house.directory.applied}


async def test_what_was_overtaken_is_looked_at_again() -> None:
    """Another publisher confirms the card while this one takes it away for not being confirmed."""
    house = House()
    card = card_certificate(CA, 1)
    house.facts.put(card)
    await house.upkeep.reconcile()
    confirmed = house.facts.cards[card.serial]
    early = replace(confirmed, phase=Issued(at=confirmed.phase.at, serial=card.serial))
    house.facts.cards[card.serial] = early

    class Overtaken(FakeDirectory):
        async def apply(self, change: Change) -> Outcome:
            house.facts.cards[card.serial] = confirmed
            return await super().apply(change)

    directory = Overtaken()
    directory.entries = house.directory.entries
    upkeep = Upkeep(facts=house.facts, publisher=Publisher(directory, TREE), tree=TREE)
    await upkeep.reconcile()
    assert [type(each) for each in directory.applied] == [DeleteEntry, AddEntry]
    assert card_dn(card, BASE) in directory.entries
