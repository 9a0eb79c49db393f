"""What relying parties see of a real slapd, asked with OpenLDAP's own ldapsearch."""

from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import pytest

from directories.material import (
    BASE,
    ISSUER_NAME,
    START,
    Holder,
    card_certificate,
    published_crl,
)
from directories.slapd import Bench, following, ldapsearch, running_slapd, server_of
from ldap_publish.entry import CERTIFICATE, card_dn
from ldap_publish.plan import AddValues
from ldap_publish.slapd import PrivateSlapd
from pki.domain.cards import Blocked, Ended, Issued
from pki.domain.reasons import BlockReason, RevokeReason
from pki.domain.records import IssuedCertificate

pytestmark = pytest.mark.slapd

# adminLimitExceeded (RFC 4511, 4.1.9): it would have to look at more entries than it may.
ADMIN_LIMIT = 11
LISTING = (
    "(objectClass=*)",
    "(objectClass=inetOrgPerson)",
    "(objectClass=pkiUser)",
    "(uid=*)",
    "(uid>=1)",
    "(uid<=9)",
    "(serialNumber=*)",
    "(serialNumber=9*)",
    "(serialNumber=*1*)",
    "(serialNumber~=900021219)",
    "(!(uid=1))",
    "(|(uid=*)(serialNumber=900021219))",
    "(cn=Jan Test)",
    "(sn=Test)",
    "(userCertificate=*)",
)


@pytest.fixture
async def slapd(tmp_path: Path) -> AsyncIterator[PrivateSlapd]:
    async with running_slapd(tmp_path / "ldap") as slapd:
        yield slapd


@pytest.fixture
async def bench(slapd: PrivateSlapd) -> AsyncIterator[Bench]:
    async with following(Bench(server_of(slapd))) as bench:
        yield bench


def exact(certificate: IssuedCertificate, issuer: str = ISSUER_NAME) -> str:
    value = f'{{ serialNumber {certificate.serial.decimal}, issuer rdnSequence:"{issuer}" }}'
    return f"(userCertificate:certificateExactMatch:={value})"


async def test_a_card_is_found_by_issuer_and_serial_and_by_uzi_number(
    slapd: PrivateSlapd, bench: Bench
) -> None:
    card = card_certificate(bench.ca, 1)
    await bench.reached(bench.facts.put(card))
    searches = (
        exact(card),
        exact(card).replace(":certificateExactMatch:", ""),
        exact(card, ISSUER_NAME.replace("2.5.4.97", "organizationIdentifier")),
        exact(card).replace(":certificateExactMatch:", ":2.5.13.34:"),
        exact(card).replace("userCertificate", "userCertificate;binary"),
        exact(card, ",".join(reversed(ISSUER_NAME.split(",")))),
        "(serialNumber=900021219)",
        f"(uid={card.serial.decimal})",
        "(&(objectClass=inetOrgPerson)(serialNumber=900021219))",
    )
    for search in searches:
        found = await ldapsearch(slapd.url, search)
        assert found.of(CERTIFICATE) == [card.der], search
    found = await ldapsearch(slapd.url, "(objectClass=*)", base=card_dn(card, BASE))
    assert found.dns == [card_dn(card, BASE)]
    assert found.of("o") == ["Tést Zorginstelling 03".encode()]


async def test_all_cards_of_a_person_are_found(slapd: PrivateSlapd, bench: Bench) -> None:
    cards = [card_certificate(bench.ca, number) for number in range(3)]
    await bench.reached(max(bench.facts.put(card) for card in cards))
    found = await ldapsearch(slapd.url, "(serialNumber=900021219)")
    assert sorted(found.of(CERTIFICATE)) == sorted(card.der for card in cards)


async def test_blocked_and_revoked_stay_and_unconfirmed_never_shows(
    slapd: PrivateSlapd, bench: Bench
) -> None:
    new, blocked, ended = (card_certificate(bench.ca, number) for number in (1, 2, 3))
    bench.facts.put(new, Issued(at=START, serial=new.serial))
    bench.facts.put(blocked)
    bench.facts.put(blocked, Blocked(at=START, serial=blocked.serial, reason=BlockReason.LOSS))
    phase = Ended(at=START, serial=ended.serial, revoked_at=START, reason=RevokeReason.DEFECT)
    await bench.reached(bench.facts.put(ended, phase))
    assert (await ldapsearch(slapd.url, exact(new))).dns == []
    assert (await ldapsearch(slapd.url, exact(blocked))).of(CERTIFICATE) == [blocked.der]
    assert (await ldapsearch(slapd.url, exact(ended))).of(CERTIFICATE) == [ended.der]


@pytest.mark.parametrize("above", ["", "ou=token-ca-g1,"])
async def test_nobody_can_list_people(slapd: PrivateSlapd, bench: Bench, above: str) -> None:
    await bench.reached(bench.facts.put(card_certificate(bench.ca, 1)))
    for search, scope in product(LISTING, ("sub", "one", "children")):
        found = await ldapsearch(slapd.url, search, base=above + BASE, scope=scope)
        people = [dn for dn in found.dns if dn.startswith("uid=")]
        assert (people, found.code in {0, ADMIN_LIMIT}) == ([], True), (search, scope, found)


async def test_ca_entries_hold_certificates_and_the_newest_crl(
    slapd: PrivateSlapd, bench: Bench
) -> None:
    crls = {number: published_crl(bench.ca, number) for number in (7, 8)}
    await bench.reached(bench.facts.publish(crls[8]))
    await bench.reached(bench.facts.publish(crls[7]))
    found = await ldapsearch(slapd.url, "(objectClass=*)", base=f"ou=token-ca-g1,{BASE}")
    assert found.of("cACertificate;binary") == [bench.ca.der]
    assert found.of("certificateRevocationList;binary") == [crls[8].der]


async def test_the_roots_crl_is_an_authority_revocation_list(
    slapd: PrivateSlapd, bench: Bench
) -> None:
    root = bench.tree.cas[0].issuer
    crl = published_crl(bench.root, 1, issuer=root)
    await bench.reached(bench.facts.publish(crl))
    found = await ldapsearch(slapd.url, "(objectClass=*)", base=f"ou={root},{BASE}")
    assert found.of("authorityRevocationList;binary") == [crl.der]
    assert found.of("cACertificate;binary") == [bench.root.der]


@pytest.mark.parametrize(
    "holder",
    [
        Holder(common_name="Åsa Ёлкина-ten Böhmer 医生", surname="Ёлкина", given_names="Åsa"),
        Holder(common_name="*)(uid=*)", surname=r"\2a,+=<>;#", given_names='"q" '),
        Holder(common_name="#1F", surname=" spaces ", given_names="x=y\\"),
        Holder(given_names="n" * 300, surname="Ö" * 300),
    ],
    ids=["non-ascii", "filter", "spaces", "long"],
)
async def test_names_survive_exactly(slapd: PrivateSlapd, bench: Bench, holder: Holder) -> None:
    card = card_certificate(bench.ca, 1, holder)
    await bench.reached(bench.facts.put(card))
    found = await ldapsearch(slapd.url, exact(card))
    assert found.of("cn") == [holder.common_name.encode()]
    assert found.of("sn") == [holder.surname.encode()]
    assert found.of("givenName") == [holder.given_names.encode()]
    assert found.of("o") == [holder.organisation.encode()]
    assert bench.follower.statistics().set_aside == ()


async def test_a_foreign_certificate_in_the_entry_stays(slapd: PrivateSlapd, bench: Bench) -> None:
    card, foreign = card_certificate(bench.ca, 1), card_certificate(bench.ca, 2)
    await bench.reached(bench.facts.put(card))
    change = AddValues(dn=card_dn(card, BASE), attribute=CERTIFICATE, values=(foreign.der,))
    await bench.directory.apply(change)
    await bench.reached(
        bench.facts.put(card, Blocked(at=START, serial=card.serial, reason=BlockReason.LOSS))
    )
    found = await ldapsearch(slapd.url, exact(card))
    assert sorted(found.of(CERTIFICATE)) == sorted([card.der, foreign.der])


async def test_the_second_run_changes_nothing(slapd: PrivateSlapd, bench: Bench) -> None:
    bench.facts.put(card_certificate(bench.ca, 1, Holder(surname=" Ё ", common_name="a,b")))
    await bench.reached(bench.facts.publish(published_crl(bench.ca, 1)))
    before = bench.upkeep.changes
    report = await bench.upkeep.reconcile()
    assert (report.examined, report.changed) == (1, 0)
    assert bench.upkeep.changes == before > 0
