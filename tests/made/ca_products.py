"""One certificate of every kind that the CAs sign, and the CRLs of a ceremony."""

from collections.abc import Mapping
from dataclasses import replace

from ca.authority import AuthorityProfiles, CertificationAuthority
from ca.ceremony.links import prepare_link
from ca.practice import (
    Moment,
    PracticeKeys,
    PracticePlan,
    PracticeSet,
    SigningCa,
    make_practice_set,
    make_root,
    make_subordinate,
)
from ca.profile import Profile
from ca.sign import sign_certificate
from fixtures.signers import EPOCH, HOLDER, SETTINGS, signer
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import IssuerId, PersonId, UziNumber
from pki.domain.people import Person, PersonName
from pki.ports import SystemEntropy

SOMEBODY = Person(
    id=PersonId("ab" * 16),
    uzi_number=UziNumber("900021219"),
    name=PersonName(surname="Prœuve", given_names="", common_name="Anne Zoë van der Prœuve"),
)


async def make_all(
    profiles: Mapping[str, Profile], token_ca: CertificationAuthority
) -> Mapping[str, bytes]:
    practice = await _practice(profiles)
    card = token_ca.prepare_card(HOLDER, signer(KeyType.RSA_2048, "card").public_key, EPOCH)
    responder_key = signer(KeyType.RSA_2048, "responder").public_key
    responder = token_ca.prepare_responder(responder_key, EPOCH)
    mobiel = await open_mobiel_ca(profiles)
    telephone = mobiel.prepare_mobiel(SOMEBODY, signer(KeyType.P256, "telephone").public_key, EPOCH)
    return {
        "mobiel-ca": mobiel.certificate,
        "telephone": await mobiel.sign(telephone.tbs),
        "root": token_ca.chain[1],
        "token-ca": token_ca.certificate,
        "card": await token_ca.sign(card.tbs),
        "card-delta": await _card_with_delta(token_ca),
        "responder": await token_ca.sign(responder.tbs),
        "practice-root": practice.root,
        "link": await _link(profiles, practice.root),
        "services-ca": practice.services_ca,
        "api": practice.api,
        "client": practice.operators["team"],
        "evidence": practice.evidence,
        "root-crl": practice.root_crl,
        "services-crl": practice.services_crl,
    }


async def open_mobiel_ca(profiles: Mapping[str, Profile]) -> CertificationAuthority:
    """The Mobiel CA under the root of these tests."""
    moment = Moment(now=EPOCH, entropy=SystemEntropy())
    key = signer(KeyType.P256, "mobiel-ca")
    root = await make_root(profiles["root"], signer=signer(KeyType.RSA_3072, "root"), moment=moment)
    ca = await make_subordinate(profiles["mobiel-ca"], signer=key, root=root, moment=moment)
    return CertificationAuthority.open(
        IssuerId("mobiel-ca-g1"),
        chain=(ca.certificate, root.certificate),
        signer=key,
        profiles=AuthorityProfiles(
            ca=profiles["mobiel-ca"],
            person=profiles["zorgid-mobiel"],
            responder=profiles["mobiel-ocsp-responder"],
        ),
        settings=SETTINGS,
        entropy=SystemEntropy(),
    )


async def _card_with_delta(token_ca: CertificationAuthority) -> bytes:
    """A card that names a part of its CA's list, and the delta of that."""
    card = token_ca.profiles.person
    lists = replace(card.extensions, crl_parts=4, crl_deltas=True)
    profiles = replace(token_ca.profiles, person=replace(card, extensions=lists))
    split = replace(token_ca, profiles=profiles)
    key = signer(KeyType.RSA_2048, "card").public_key
    return await split.sign(split.prepare_card(HOLDER, key, EPOCH).tbs)


async def _practice(profiles: Mapping[str, Profile]) -> PracticeSet:
    keys = PracticeKeys(
        root=signer(KeyType.RSA_3072, "root"),
        token_ca=signer(KeyType.RSA_3072, "token-ca"),
        services_ca=signer(KeyType.P256, "services-ca"),
        mobiel_ca=signer(KeyType.P256, "mobiel-ca"),
        evidence=signer(KeyType.P256, "evidence").public_key,
        api=signer(KeyType.P256, "api").public_key,
        operators={"team": signer(KeyType.P256, "team").public_key},
    )
    plan = PracticePlan(operators=("team",))
    moment = Moment(now=EPOCH, entropy=SystemEntropy())
    return await make_practice_set(plan, keys=keys, profiles=profiles, moment=moment)


async def _link(profiles: Mapping[str, Profile], root: bytes) -> bytes:
    """The practice root's link to a next generation."""
    moment = Moment(now=EPOCH, entropy=SystemEntropy())
    second = signer(KeyType.RSA_3072, "root-2")
    linked = await make_root(profiles["root"], signer=second, moment=moment)
    key = signer(KeyType.RSA_3072, "root")
    issuer = SigningCa(certificate=root, profile=profiles["root"], signer=key).issuer
    prepared = prepare_link(profiles["link"], linked.certificate, issuer, moment)
    return await sign_certificate(prepared.tbs, signer=key, issuer_certificate=root)
