"""What a card names of its CA's lists: its part where they are split, and the delta."""

from dataclasses import replace

import pytest

from ca.authority import AuthorityProfiles, CertificationAuthority
from ca.lint import findings
from fixtures.signers import EPOCH, HOLDER, Hierarchy, signer
from pki.der import oids
from pki.der.certificate import read_certificate
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import IssuerId
from pki.domain.records import part_of
from pki.ports import SystemEntropy


def split(hierarchy: Hierarchy, parts: int, *, deltas: bool = False) -> CertificationAuthority:
    profiles = hierarchy.profiles
    card = profiles["card-p256"]
    lists = replace(card.extensions, crl_parts=parts, crl_deltas=deltas)
    return CertificationAuthority.open(
        IssuerId("token-ca-g1"),
        chain=(hierarchy.token_ca.certificate, hierarchy.root.certificate),
        signer=hierarchy.token_ca.signer,
        profiles=AuthorityProfiles(
            ca=profiles["token-ca"],
            person=replace(card, extensions=lists),
            responder=profiles["ocsp-responder"],
        ),
        settings=hierarchy.settings,
        entropy=SystemEntropy(),
    )


def test_each_card_names_the_part_that_lists_its_serial(hierarchy: Hierarchy) -> None:
    authority = split(hierarchy, 4)
    whole = (hierarchy.profiles["card-p256"].extensions.crl_url or "").removesuffix(".crl")
    key = signer(KeyType.P256, "card").public_key
    prepared = [authority.prepare_card(HOLDER, key, EPOCH) for _ in range(8)]
    for each in prepared:
        part = part_of(each.serial, 4)
        assert f"{whole}-part-{part}.crl".encode() in each.tbs


async def test_what_is_signed_and_read_back_names_it_too(hierarchy: Hierarchy) -> None:
    authority = split(hierarchy, 64)
    key = signer(KeyType.P256, "card").public_key
    certificate = await authority.sign(authority.prepare_card(HOLDER, key, EPOCH).tbs)
    read = read_certificate(certificate)
    (url,) = read.crl_urls or ()
    assert url.endswith(f"-part-{part_of(read.content.serial, 64)}.crl")
    assert read.delta_urls is None


@pytest.mark.parametrize("parts", [0, 64])
async def test_a_card_names_the_delta_of_the_list_that_it_names(
    hierarchy: Hierarchy, parts: int
) -> None:
    authority = split(hierarchy, parts, deltas=True)
    key = signer(KeyType.P256, "card").public_key
    certificate = await authority.sign(authority.prepare_card(HOLDER, key, EPOCH).tbs)
    read = read_certificate(certificate)
    (complete,) = read.crl_urls or ()
    assert read.delta_urls == (f"{complete.removesuffix('.crl')}-delta.crl",)
    order = [each.oid for each in read.content.extensions]
    assert order[-3:] == [
        oids.CRL_DISTRIBUTION_POINTS,
        oids.FRESHEST_CRL,
        oids.AUTHORITY_INFO_ACCESS,
    ]


def test_a_card_without_the_delta_that_its_profile_names_is_refused(hierarchy: Hierarchy) -> None:
    key = signer(KeyType.P256, "card").public_key
    without = split(hierarchy, 4).prepare_card(HOLDER, key, EPOCH)
    authority = split(hierarchy, 4, deltas=True)
    found = findings(without.tbs, profile=authority.profiles.person, issuer=authority.identity)
    assert f"RFC 5280 4.2: extension {oids.FRESHEST_CRL} is missing, or not of the profile" in found
