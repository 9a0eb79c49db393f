"""Which generation of the Token CA issues follows from its dates and its state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from ca.authority import CertificationAuthority, Generations
from ca.profile import Profile
from ca.profiles import load_profiles
from ca.settings import CaSettings
from ca.validity import Window
from fixtures.signers import EPOCH, HOLDER, PROFILES, SETTINGS, signer
from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid, NotFound, Refused
from pki.domain.identifiers import IssuerId
from pki.domain.reasons import RefusalReason

SECOND = timedelta(seconds=1)
START = EPOCH.replace(microsecond=0)
G1, G2, G3 = (IssuerId(f"token-ca-g{number}") for number in (1, 2, 3))


def years(count: int) -> datetime:
    return START.replace(year=START.year + count)


@dataclass(frozen=True)
class Made:
    """A generation that lives from ``start`` to ``end``; only the dates are its own."""

    of: CertificationAuthority

    def __call__(self, issuer: IssuerId, start: int, end: int) -> CertificationAuthority:
        window = Window(not_before=years(start), not_after=years(end))
        return replace(self.of, issuer=issuer, identity=replace(self.of.identity, window=window))


@pytest.fixture
def made(token_ca: CertificationAuthority) -> Made:
    return Made(token_ca)


def test_the_newest_issues_from_its_first_second_and_the_one_before_until_then(made: Made) -> None:
    found = Generations([made(G2, 5, 15), made(G1, 0, 10)], issues={G1, G2})
    assert found.issuing(years(0)).issuer == G1
    assert found.issuing(years(5) - SECOND).issuer == G1
    assert found.issuing(years(5)).issuer == G2
    assert found.issuing(years(12)).issuer == G2


def test_a_whole_card_must_fit_or_issuing_stops(made: Made) -> None:
    found = Generations([made(G1, 0, 10)], issues={G1})
    assert found.issuing(years(7)).issuer == G1
    for moment in (years(7) + SECOND, years(0) - SECOND, years(11)):
        with pytest.raises(Refused) as caught:
            found.issuing(moment)
        assert caught.value.reason is RefusalReason.ISSUING_STOPPED
        assert "ceremony" in caught.value.next_step


def test_a_newer_one_that_ends_too_soon_leaves_issuing_to_an_older_one(made: Made) -> None:
    found = Generations([made(G1, 0, 10), made(G2, 1, 5)], issues={G1, G2})
    assert found.issuing(years(2)).issuer == G2
    assert found.issuing(years(3)).issuer == G1


def test_one_that_only_answers_never_issues_and_is_still_found(made: Made) -> None:
    found = Generations([made(G1, 0, 10), made(G2, 1, 11)], issues={G1})
    assert found.issuing(years(2)).issuer == G1
    assert found.of(G2).issuer == G2
    assert [each.issuer for each in found.all] == [G1, G2]
    with pytest.raises(NotFound):
        found.of(G3)


def test_who_issues_can_issue(made: Made) -> None:
    key = signer(KeyType.RSA_2048, "card").public_key
    found = Generations([made(G1, 0, 10)], issues={G1})
    prepared = found.issuing(years(7)).prepare_card(HOLDER, key, years(7))
    assert prepared.not_after == years(10)


def profiles_of(settings: CaSettings) -> Mapping[str, Profile]:
    return load_profiles(PROFILES, settings=settings)


def test_the_profiles_carry_the_name_and_the_address_of_their_generation() -> None:
    settings = replace(
        SETTINGS, token_ca_name="ZORG-ID Token CA G2", token_ca_published_as="zorg-id-token-ca-g2"
    )
    found = profiles_of(settings)
    card, first = found["card-rsa2048"], profiles_of(SETTINGS)["card-rsa2048"]
    assert card.extensions.crl_url == "http://status.example.com/crl/zorg-id-token-ca-g2.crl"
    assert card.extensions.ca_issuers_url == "http://status.example.com/ca/zorg-id-token-ca-g2.cer"
    assert "ZORG-ID Token CA G2" in found["token-ca"].subject.fixed.values()
    assert "OCSP responder ZORG-ID Token CA G2" in found["ocsp-responder"].subject.fixed.values()
    assert card.digest == first.digest


@pytest.mark.parametrize(
    ("name", "address", "key"),
    [
        ("ZORG-ID, Token CA", "zorg-id-token-ca", "ca.token_ca_name"),
        ("ZORG-ID Token CA", "../root", "ca.token_ca_published_as"),
        ("ZORG-ID Token CA", "", "ca.token_ca_published_as"),
    ],
)
def test_a_name_or_address_that_would_mislead_is_refused(name: str, address: str, key: str) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        replace(SETTINGS, token_ca_name=name, token_ca_published_as=address)
    assert caught.value.key == key


def test_a_root_has_an_address_of_its_own() -> None:
    settings = replace(SETTINGS, root_published_as="zorg-id-root-ca-g2")
    found = load_profiles(PROFILES, settings=settings)
    for name in ("token-ca", "services-ca"):
        extensions = found[name].extensions
        assert extensions.crl_url == "http://status.example.com/crl/zorg-id-root-ca-g2.crl"
        assert extensions.ca_issuers_url == "http://status.example.com/ca/zorg-id-root-ca-g2.cer"
    with pytest.raises(ConfigurationInvalid) as caught:
        replace(SETTINGS, root_published_as="Root")
    assert caught.value.key == "ca.root_published_as"
