"""The Mobiel CA certifies telephones, and nothing of what the Token CA certifies."""

import asyncio
from collections.abc import Mapping

import pytest

from ca.authority import CertificationAuthority, Generations
from ca.profile import Profile
from fixtures.signers import EPOCH, HOLDER, signer
from made.ca_products import SOMEBODY, open_mobiel_ca
from pki.der import oids
from pki.der.certificate import read_certificate
from pki.domain.algorithms import KeyType
from pki.domain.errors import KeyRejected, LintFailed, Malformed, Refused
from pki.domain.reasons import RefusalReason

TELEPHONE = signer(KeyType.P256, "telephone").public_key


@pytest.fixture(scope="module")
def mobiel_ca(profiles: Mapping[str, Profile]) -> CertificationAuthority:
    return asyncio.run(open_mobiel_ca(profiles))


async def test_a_telephone_says_who_it_is_of_and_logs_in_and_no_more(
    mobiel_ca: CertificationAuthority,
) -> None:
    prepared = mobiel_ca.prepare_mobiel(SOMEBODY, TELEPHONE, EPOCH)
    made = read_certificate(await mobiel_ca.sign(prepared.tbs))
    assert made.subject.text(reverse=False) == (
        "C=NL,serialNumber=900021219,CN=Anne Zoë van der Prœuve"
    )
    assert made.extended_key_usage == (oids.EKU_CLIENT_AUTH,)
    assert made.extension(oids.SUBJECT_ALT_NAME) is None
    assert b"/crl/zorg-id-mobiel-ca.crl" in made.der
    assert b"/ca/zorg-id-mobiel-ca.cer" in made.der


def test_its_keys_are_p256(mobiel_ca: CertificationAuthority) -> None:
    mobiel_ca.check_key(TELEPHONE)
    with pytest.raises(KeyRejected):
        mobiel_ca.check_key(signer(KeyType.RSA_2048, "card").public_key)


async def test_neither_ca_signs_what_is_the_others(
    mobiel_ca: CertificationAuthority, token_ca: CertificationAuthority
) -> None:
    telephone = mobiel_ca.prepare_mobiel(SOMEBODY, TELEPHONE, EPOCH)
    card = token_ca.prepare_card(HOLDER, signer(KeyType.RSA_2048, "card").public_key, EPOCH)
    for authority, tbs in ((token_ca, telephone.tbs), (mobiel_ca, card.tbs)):
        with pytest.raises((LintFailed, Malformed)):
            await authority.sign(tbs)


def test_each_question_finds_its_own_ca(
    mobiel_ca: CertificationAuthority, token_ca: CertificationAuthority
) -> None:
    both = [mobiel_ca, token_ca]
    found = Generations(both, issues={each.issuer for each in both})
    assert found.issuing(EPOCH).issuer == token_ca.issuer
    assert found.issuing_mobiel(EPOCH).issuer == mobiel_ca.issuer
    assert found.of(mobiel_ca.issuer) is mobiel_ca
    alone = Generations([token_ca], issues={token_ca.issuer})
    with pytest.raises(Refused) as refused:
        alone.issuing_mobiel(EPOCH)
    assert refused.value.reason is RefusalReason.ISSUING_STOPPED
