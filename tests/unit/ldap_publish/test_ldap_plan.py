from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directories.in_memory import FakeDirectory
from directories.material import (
    BASE,
    ROOT_CA,
    START,
    TOKEN_CA,
    Holder,
    card_certificate,
    make_ca,
    published_crl,
)
from ldap_publish.entry import (
    CERTIFICATE,
    CRL,
    ROOT_CRL,
    card_dn,
    card_entry,
    crl_values,
    rdn,
)
from ldap_publish.plan import (
    AddEntry,
    AddValues,
    DeleteEntry,
    DeleteValues,
    ReplaceValues,
    crl_number,
    plan_absence,
    plan_again,
    plan_presence,
    plan_values,
)
from ldap_publish.ports import CardCertificate
from ldap_publish.tree import CANDIDATES, PublishedCa, Tree, base_entry, tree_entries
from pki.domain.cards import Active, Blocked, CardPhase, Ended, Expired, Issued, Lapsed, Ordered
from pki.domain.errors import ConfigurationInvalid, Malformed
from pki.domain.reasons import BlockReason, RevokeReason

CA = make_ca()
CARD = card_certificate(CA, 1)
ENTRY = card_entry(CARD, BASE)
SERIAL = CARD.serial


def as_held() -> dict[str, tuple[bytes, ...]]:
    held = {each.attribute.lower(): each.values for each in ENTRY.attributes}
    return held | {"objectclass": tuple(name.encode() for name in ENTRY.object_classes)}


def test_an_entry_says_what_the_certificate_says() -> None:
    values = {each.attribute: each.values for each in ENTRY.attributes}
    assert ENTRY.dn == f"uid={(1 << 156) + 1},ou=token-ca-g1,o=ZORG-ID,c=NL"
    assert values == {
        "cn": (b"Jan Test",),
        "sn": (b"Test",),
        "givenName": (b"Jan",),
        "o": ("Tést Zorginstelling 03".encode(),),
        "serialNumber": (b"900021219",),
        "uid": (str((1 << 156) + 1).encode(),),
        CERTIFICATE: (CARD.der,),
    }


def test_a_certificate_that_names_nobody_has_no_entry() -> None:
    for der in (b"", CARD.der[:-1], CA.der):
        with pytest.raises(Malformed):
            card_entry(replace(CARD, der=der), BASE)


def test_a_missing_entry_is_added_and_one_in_line_is_left_alone() -> None:
    assert plan_presence(ENTRY, None) == (AddEntry(entry=ENTRY),)
    assert plan_presence(ENTRY, as_held()) == ()


def test_what_others_placed_stays() -> None:
    held = as_held() | {CERTIFICATE.lower(): (b"foreign",)}
    assert plan_presence(ENTRY, held) == (
        AddValues(dn=ENTRY.dn, attribute=CERTIFICATE, values=(CARD.der,)),
    )
    held = as_held() | {CERTIFICATE.lower(): (b"foreign", CARD.der), "mail": (b"a@b",)}
    assert plan_presence(ENTRY, held) == ()


def test_what_is_ours_is_mended() -> None:
    held = as_held() | {"serialnumber": (b"900021219", b"1"), "objectclass": (b"INETORGPERSON",)}
    del held["o"]
    organisation = "Tést Zorginstelling 03".encode()
    assert set(plan_presence(ENTRY, held)) == {
        AddValues(dn=ENTRY.dn, attribute="objectClass", values=(b"pkiUser", b"zorgIdCard")),
        ReplaceValues(dn=ENTRY.dn, attribute="serialNumber", values=(b"900021219",)),
        ReplaceValues(dn=ENTRY.dn, attribute="o", values=(organisation,)),
    }


def test_a_foreign_entry_is_made_but_never_changed() -> None:
    base = base_entry("o=ZORG-ID,c=NL")
    assert plan_presence(base, None) == (AddEntry(entry=base),)
    assert plan_presence(base, {"objectclass": (b"dcObject",)}) == ()


def test_absence_takes_away_our_own_certificate_only() -> None:
    dn = ENTRY.dn
    assert plan_absence(dn, CARD.der, None) == ()
    assert plan_absence(dn, CARD.der, {"userCertificate;binary".lower(): (b"foreign",)}) == ()
    assert plan_absence(dn, CARD.der, as_held()) == (DeleteEntry(dn=dn),)
    held = {CERTIFICATE.lower(): (b"foreign", CARD.der)}
    assert plan_absence(dn, CARD.der, held) == (
        DeleteValues(dn=dn, attribute=CERTIFICATE, values=(CARD.der,)),
    )


def test_a_crl_gives_way_to_a_newer_one_only() -> None:
    old, new = (crl_values(published_crl(CA, number), is_root=False) for number in (9, 10))
    replaced = ReplaceValues(dn="x", attribute=CRL, values=new.values)
    assert plan_values("x", new, {}) == replaced
    assert plan_values("x", new, {CRL.lower(): old.values}) == replaced
    assert plan_values("x", new, {CRL.lower(): (b"no crl",)}) == replaced
    assert plan_values("x", new, {CRL.lower(): new.values}) is None
    assert plan_values("x", old, {CRL.lower(): new.values}) is None
    for held in ((*old.values, *new.values), (b"no crl", *new.values)):
        assert plan_values("x", new, {CRL.lower(): held}) == replaced
    namesake = crl_values(published_crl(make_ca(), 10), is_root=False)
    assert plan_values("x", new, {CRL.lower(): namesake.values}) == replaced


def test_a_crl_is_written_again_unless_a_newer_one_shows() -> None:
    old, new = (crl_values(published_crl(CA, number), is_root=False) for number in (9, 10))
    replaced = ReplaceValues(dn="x", attribute=CRL, values=new.values)
    for held in ((), old.values, new.values, (b"no crl",)):
        assert plan_again("x", new, {CRL.lower(): held}) == replaced
    assert plan_again("x", old, {CRL.lower(): new.values}) is None


def test_the_roots_crl_has_its_own_attribute() -> None:
    assert crl_values(published_crl(CA, 1), is_root=True).attribute == ROOT_CRL


@given(st.binary(max_size=64))
def test_octets_that_are_no_crl_have_no_number(octets: bytes) -> None:
    assert crl_number(octets) == -1


@pytest.mark.parametrize(
    ("phase", "public"),
    [
        (Ordered(at=START), False),
        (Issued(at=START, serial=SERIAL), False),
        (Active(at=START, serial=SERIAL), True),
        (Blocked(at=START, serial=SERIAL, reason=BlockReason.LOSS), True),
        (Ended(at=START, serial=SERIAL, revoked_at=START, reason=RevokeReason.DEFECT), True),
        (Lapsed(at=START, serial=SERIAL, revoked_at=START), False),
        (Expired(at=START, serial=SERIAL, held_since=None), True),
    ],
)
def test_confirmed_cards_show_and_never_confirmed_ones_do_not(
    phase: CardPhase, public: bool
) -> None:
    assert CardCertificate(certificate=CARD, phase=phase).is_public is public


@pytest.mark.parametrize("value", ["", "a\0b", "a\nb", "\x7f", "\x85"])
def test_names_with_control_characters_are_refused(value: str) -> None:
    with pytest.raises(Malformed):
        rdn("cn", value)


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("a,b+c", r"cn=a\,b\+c"),
        ('"<x>;=\\', r"cn=\"\<x\>\;\=\\"),
        ("#1", r"cn=\#1"),
        (" ", r"cn=\ "),
        (" x ", r"cn=\ x\ "),
        ("Ёл", "cn=Ёл"),
    ],
)
def test_names_are_escaped(value: str, escaped: str) -> None:
    assert rdn("cn", value) == escaped


def test_the_tree_comes_parents_first_and_hides_a_handful_of_cards() -> None:
    tree = Tree(base=BASE, cas=(PublishedCa(issuer=TOKEN_CA, certificates=(CA.der,)),))
    names = [entry.dn for entry in tree_entries(tree)]
    for position, name in enumerate(names[1:], 1):
        assert name.partition(",")[2] in names[:position]
    assert sum(name.startswith("cn=filler") for name in names) == CANDIDATES
    assert tree.ca(TOKEN_CA) is tree.cas[0]
    assert tree.ca(ROOT_CA) is None


@pytest.mark.parametrize("base", ["", "ZORG", "cn=x", "o=a\\,b,c=NL", "o=a+ou=b,c=NL", "x=1,c=NL"])
def test_a_base_without_an_obvious_entry_is_refused(base: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        Tree(base=base, cas=())
    assert refused.value.key == "ldap.base"


@pytest.mark.parametrize(
    ("base", "object_class"),
    [("dc=example,dc=nl", "domain"), ("OU=x,o=y", "organizationalUnit"), ("c=NL", "country")],
)
def test_other_bases(base: str, object_class: str) -> None:
    assert base_entry(base).object_classes == (object_class,)


@given(st.sets(st.sampled_from(["cn", "sn", "givenname", "o", "uid", "serialnumber"])))
async def test_a_plan_applied_leaves_nothing_to_plan(lost: set[str]) -> None:
    directory = FakeDirectory()
    directory.entries[ENTRY.dn] = {
        name: values for name, values in as_held().items() if name not in lost
    }
    for change in plan_presence(ENTRY, directory.entries[ENTRY.dn]):
        await directory.apply(change)
    assert plan_presence(ENTRY, directory.entries[ENTRY.dn]) == ()


def test_a_card_stands_under_the_ca_that_issued_it() -> None:
    assert card_dn(CARD, "o=x").endswith(",ou=token-ca-g1,o=x")
    assert card_entry(card_certificate(CA, 7, Holder(common_name="a,b=c")), BASE).dn.startswith(
        "uid="
    )
