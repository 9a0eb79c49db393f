"""`zorgid ldap` on a real slapd whose entries somebody else loses, changes and adds."""

from pathlib import Path

import pytest

from directories.material import BASE, START, card_certificate, published_crl
from directories.slapd import Bench, following, ldapsearch, running_slapd, server_of
from ldap_publish.directory import LdapDirectory
from ldap_publish.entry import CERTIFICATE, CRL, card_dn, card_entry
from ldap_publish.plan import AddEntry, DeleteEntry, ReplaceValues
from pki.domain.cards import Issued
from pki.domain.records import IssuedCertificate
from server.directory import comparing
from server.directory.comparing import Comparison, Difference

pytestmark = pytest.mark.slapd


async def spoil(
    directory: LdapDirectory, bench: Bench, cards: tuple[IssuedCertificate, ...]
) -> set[Difference]:
    """What must then be found."""
    lost, changed, early, unknown = cards
    name, ca = card_dn(changed, BASE), f"ou=token-ca-g1,{BASE}"
    older = published_crl(bench.ca, 6).der
    for change in (
        DeleteEntry(dn=card_dn(lost, BASE)),
        ReplaceValues(dn=name, attribute="cn", values=(b"Somebody Else",)),
        ReplaceValues(dn=ca, attribute=CRL, values=(older,)),
        AddEntry(entry=card_entry(early, BASE)),
        AddEntry(entry=card_entry(unknown, BASE)),
    ):
        await directory.apply(change)
    return {
        Difference(kind="missing", dn=card_dn(lost, BASE)),
        Difference(kind="differs", dn=name, attribute="cn"),
        Difference(kind="differs", dn=ca, attribute=CRL),
        Difference(kind="must not show", dn=card_dn(early, BASE)),
        Difference(kind="unknown", dn=card_dn(early, BASE)),
        Difference(kind="unknown", dn=card_dn(unknown, BASE)),
    }


async def test_what_differs_is_found_and_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "_SETTLE_SECONDS", 0.0)
    monkeypatch.setattr("ldap_publish.directory._PAGE", 3)
    async with running_slapd(tmp_path) as slapd:
        bench = Bench(server_of(slapd))
        lost, changed, early, unknown = (card_certificate(bench.ca, each) for each in range(4))
        async with following(bench):
            for each in (lost, changed):
                bench.facts.put(each)
            bench.facts.put(early, Issued(at=START, serial=early.serial))
            await bench.reached(bench.facts.publish(published_crl(bench.ca, 7)))
        directory = LdapDirectory(server_of(slapd))
        comparison = Comparison(directory, bench.tree, bench.facts, lambda _: None)
        right = await comparison.look_twice()
        assert (right.examined, right.differences, right.refused) == (3, (), ())

        expected = await spoil(directory, bench, (lost, changed, early, unknown))
        for found in (await comparison.look(), await comparison.look_twice()):
            assert set(found.differences) == expected

        repaired = await comparison.repair(rewrite=False)
        assert (repaired.changed, repaired.refused) == (4, ())
        left = await comparison.look_twice()
        assert left.differences == (Difference(kind="unknown", dn=card_dn(unknown, BASE)),)
        assert (await comparison.repair(rewrite=True)).changed > 4
        assert (await comparison.repair(rewrite=False)).changed == 0
        await directory.close()
        shown = await ldapsearch(slapd.url, "(serialNumber=900021219)")
    assert sorted(shown.of(CERTIFICATE)) == sorted([lost.der, changed.der, unknown.der])
