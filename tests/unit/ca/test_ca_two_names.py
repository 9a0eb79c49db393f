"""A card has one UZI name: a profile that asks for two is refused, and so are the bytes."""

from dataclasses import replace

import pytest

from ca.authority import CertificationAuthority
from ca.lint import PLACEHOLDER_SIGNATURE, findings
from ca.profiles import read_profile
from fixtures.signers import EPOCH, HOLDER, PROFILES, SETTINGS, signer
from pki.der import codec, oids
from pki.der.certificate import encode_tbs_certificate, read_certificate
from pki.der.signed import assemble
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.errors import ConfigurationInvalid

CARD = (PROFILES / "card-rsa2048.toml").read_text("utf-8")
ONE = 'alternative_name = "uzi"'


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ('alternative_name = ["uzi", "uzi"]', r"CPS UZI-register 7\.1\.5: one UZI name"),
        (f'{ONE}\nalternative_names = ["uzi", "uzi"]', "alternative_names"),
        (f"{ONE}\n{ONE}", "TOML"),
    ],
    ids=["a list", "another key", "the key twice"],
)
def test_a_profile_with_two_uzi_names_is_refused(line: str, rule: str) -> None:
    assert CARD.count(ONE) == 1
    with pytest.raises(ConfigurationInvalid, match=rule) as refused:
        read_profile(CARD.replace(ONE, line).encode(), settings=SETTINGS)
    assert refused.value.next_step


@pytest.mark.parametrize("name", ["ocsp_url", "crl_url"])
def test_a_profile_with_two_addresses_is_refused(name: str) -> None:
    lines = [line for line in CARD.splitlines() if line.startswith(name)]
    (value,) = (line.partition(" = ")[2] for line in lines)
    octets = CARD.replace(lines[0], f"{name} = [{value}, {value}]").encode()
    with pytest.raises(ConfigurationInvalid, match=r"RFC 5280 4\.2\..*one address"):
        read_profile(octets, settings=SETTINGS)


def test_bytes_with_two_uzi_names_are_not_signed(token_ca: CertificationAuthority) -> None:
    key = signer(KeyType.RSA_2048, "card").public_key
    tbs = token_ca.prepare_card(HOLDER, key, EPOCH).tbs
    der = assemble(tbs, SignatureAlgorithm.SHA256_RSA, PLACEHOLDER_SIGNATURE)
    content = read_certificate(der).content
    (san,) = (each for each in content.extensions if each.oid == oids.SUBJECT_ALT_NAME)
    names = san.value[2:]
    upn, uzi = names[: 2 + names[1]], names[2 + names[1] :]
    assert codec.sequence(upn, uzi) == san.value
    two = replace(san, value=codec.sequence(upn, uzi, uzi))
    spoilt = replace(
        content, extensions=tuple(two if each is san else each for each in content.extensions)
    )
    profile, issuer = token_ca.profiles.person, token_ca.identity
    found = findings(encode_tbs_certificate(spoilt), profile=profile, issuer=issuer)
    assert [each.partition(": ")[0] for each in found] == ["CPS UZI-register 7.1.5"]
