"""Two who write one entry: nobody undoes what was written after the reading that he goes by."""

import pytest
from ldap3.protocol.rfc4511 import Filter, LDAPMessage
from pyasn1.codec.ber import decoder

from directories.in_memory import FakeDirectory
from directories.material import BASE, TOKEN_CA, card_certificate, make_ca, published_crl
from directories.scripted import result, scripted
from ldap_publish.directory import LdapDirectory
from ldap_publish.entry import CERTIFICATE, CRL, VERSION, ca_dn, card_dn
from ldap_publish.plan import Change, DeleteEntry, DeleteValues, ReplaceValues, plan_absence
from ldap_publish.ports import Outcome, Overtaken
from ldap_publish.publisher import InLine, Publisher
from ldap_publish.tree import PublishedCa, Tree
from ldap_publish.wire import messages
from ldap_publish.wire.asserting import if_equal
from pki.domain.errors import DirectoryUnavailable

CA = make_ca()
TREE = Tree(base=BASE, cas=(PublishedCa(issuer=TOKEN_CA, certificates=(CA.der,)),))
PLACE = ca_dn(TOKEN_CA, BASE)
HERS = b"20261123040000.000001Z#000000#000#000000"


class Contended(FakeDirectory):
    """Others show these CRLs, each right before a change that replaces one arrives."""

    def __init__(self, *others: bytes) -> None:
        super().__init__()
        self.others = list(others)

    async def apply(self, change: Change) -> Outcome:
        if isinstance(change, ReplaceValues) and self.others:
            other = ReplaceValues(dn=PLACE, attribute=CRL, values=(self.others.pop(0),))
            await super().apply(other)
        return await super().apply(change)


async def standing(*others: bytes) -> tuple[Contended, Publisher]:
    directory = Contended(*others)
    publisher = Publisher(directory, TREE)
    assert isinstance(await publisher.make_tree(), InLine)
    return directory, publisher


async def test_an_older_crl_that_comes_late_is_refused_and_the_newer_one_stays() -> None:
    newer = published_crl(CA, 8).der
    directory, publisher = await standing(newer)
    assert await publisher.crl(published_crl(CA, 7)) == InLine(0)
    assert directory.entries[PLACE][CRL.lower()] == (newer,)


async def test_a_newer_crl_is_shown_in_the_place_of_what_came_between() -> None:
    directory, publisher = await standing(published_crl(CA, 8).der)
    newest = published_crl(CA, 9)
    assert await publisher.crl(newest) == InLine(1)
    assert directory.entries[PLACE][CRL.lower()] == (newest.der,)


async def test_whoever_is_overtaken_again_and_again_tries_later() -> None:
    _, publisher = await standing(*(published_crl(CA, number).der for number in (4, 5, 6)))
    with pytest.raises(DirectoryUnavailable, match="others write the same entry"):
        await publisher.crl(published_crl(CA, 7))


def test_what_is_taken_away_is_taken_from_what_was_read() -> None:
    card = card_certificate(CA, 1)
    dn, held = card_dn(card, BASE), {VERSION.lower(): (HERS,), CERTIFICATE.lower(): (card.der,)}
    assert plan_absence(dn, card.der, held) == (DeleteEntry(dn=dn, version=HERS),)
    others = held | {CERTIFICATE.lower(): (card.der, b"other")}
    (change,) = plan_absence(dn, card.der, others)
    assert isinstance(change, DeleteValues)
    assert change.version == HERS


async def test_a_failed_assertion_is_overtaken() -> None:
    change = DeleteEntry(dn=BASE, version=HERS)
    refused = [result(2, 0x6B, 122)]
    async with scripted(lambda _: refused) as server:
        directory = LdapDirectory(server)
        assert await directory.apply(change) == Overtaken()
        await directory.close()


def test_the_assertion_is_read_by_others() -> None:
    modification = messages.modify(BASE, messages.Modification.REPLACE, CRL, (b"x",))
    whole = messages.message(7, modification, if_equal(VERSION, HERS))
    found, rest = decoder.decode(whole, asn1Spec=LDAPMessage())
    assert rest == b""
    (control,) = found["controls"]
    assert bytes(control["controlType"]) == b"1.3.6.1.1.12"
    assert not bool(control["criticality"])
    match, rest = decoder.decode(bytes(control["controlValue"]), asn1Spec=Filter())
    assert rest == b""
    asserted = match["equalityMatch"]
    assert bytes(asserted["attributeDesc"]) == VERSION.encode()
    assert bytes(asserted["assertionValue"]) == HERS
