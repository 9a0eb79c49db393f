"""A card's distribution point, where its CA's list is split."""

from dataclasses import replace

from ca.authority import AuthorityProfiles, CertificationAuthority
from fixtures_signers import EPOCH, HOLDER, Hierarchy, signer
from pki.der.certificate import read_certificate
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import IssuerId
from pki.domain.records import part_of
from pki.ports import SystemEntropy


def split(hierarchy: Hierarchy, parts: int) -> CertificationAuthority:
    profiles = hierarchy.profiles
    card = profiles["card-p256"]
    return CertificationAuthority.open(
        IssuerId("token-ca-g1"),
        chain=(hierarchy.token_ca.certificate, hierarchy.root.certificate),
        signer=hierarchy.token_ca.signer,
        profiles=AuthorityProfiles(
            ca=profiles["token-ca"],
            card=replace(card, extensions=replace(card.extensions, crl_parts=parts)),
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
