"""Which keys and signatures a profile may name, and in which kind of installation."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ca.profiles import load_profiles, read_profile
from ca.settings import CaSettings, Installation
from fixtures.signers import PROFILES, SETTINGS
from pki.domain.errors import ConfigurationInvalid

EXPERIMENTAL = PROFILES / "experimental"
OWN_ARC = "1.3.6.1.4.1.99999"
ACCEPTANCE = replace(
    SETTINGS, installation=Installation.ACCEPTANCE, operator="ZORG-ID ACCEPTANCE", oid_arc=OWN_ARC
)
PRODUCTION = replace(
    SETTINGS, installation=Installation.PRODUCTION, operator="ZORG-ID", oid_arc=OWN_ARC
)


def text(name: str, *changes: tuple[str, str]) -> bytes:
    found = (PROFILES / f"{name}.toml").read_text("utf-8")
    for old, new in changes:
        assert found.count(old) == 1, old
        found = found.replace(old, new)
    return found.encode()


SHA256_RSA = '"sha256WithRSAEncryption"'
CA_TYPES = '"rsa-4096", "rsa-3072"'


@pytest.mark.parametrize("settings", [ACCEPTANCE, PRODUCTION], ids=["acceptance", "production"])
@pytest.mark.parametrize(
    ("octets", "rule"),
    [
        (text("card-rsa2048", (SHA256_RSA, '"sha512WithRSAEncryption"')), "RFC 4055 5"),
        (text("token-ca", (SHA256_RSA, '"ecdsa-with-SHA256"')), "RFC 4055 5"),
        (text("token-ca", (CA_TYPES, '"ed25519"')), "RFC 8410"),
        (text("token-ca", (CA_TYPES, '"ml-dsa-65"')), "RFC 9881"),
        (text("tls-client", ('["ecdsa-with-SHA256",', '["id-ml-dsa-65",')), "RFC 9881"),
    ],
    ids=["sha512", "ecdsa", "ed25519", "ml-dsa", "ml-dsa for tls"],
)
def test_what_few_programs_know_is_for_practice_alone(
    octets: bytes, rule: str, settings: CaSettings
) -> None:
    assert read_profile(octets, settings=SETTINGS).sha256
    with pytest.raises(ConfigurationInvalid, match=rule):
        read_profile(octets, settings=settings)


@pytest.mark.parametrize("kind", ["ed25519", "ml-dsa-65"])
@pytest.mark.parametrize("name", ["card-p256", "tls-client", "ocsp-responder"])
def test_experimental_keys_are_for_cas_alone(name: str, kind: str) -> None:
    octets = text(name, ('types = ["', f'types = ["{kind}", "'))
    with pytest.raises(ConfigurationInvalid, match="no card and no TLS client"):
        read_profile(octets, settings=SETTINGS)


def test_a_ca_key_of_2048_bits_is_too_short() -> None:
    with pytest.raises(ConfigurationInvalid, match=r"BR 6\.1\.5"):
        read_profile(text("token-ca", (CA_TYPES, '"rsa-2048"')), settings=SETTINGS)


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    """The shipped profiles, with those of the experiment in place of their namesakes."""
    for path in (*PROFILES.glob("*.toml"), *EXPERIMENTAL.glob("*.toml")):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def test_the_experiment_is_a_set_for_practice(experiment: Path) -> None:
    assert load_profiles(experiment, settings=SETTINGS)
    for settings in (ACCEPTANCE, PRODUCTION):
        with pytest.raises(ConfigurationInvalid, match="practice"):
            load_profiles(experiment, settings=settings)


@pytest.mark.parametrize("name", sorted(path.stem for path in EXPERIMENTAL.glob("*.toml")))
def test_the_experiment_differs_in_its_algorithm_alone(name: str) -> None:
    ours = (EXPERIMENTAL / f"{name}.toml").read_text("utf-8").splitlines()
    shipped = (PROFILES / f"{name}.toml").read_text("utf-8").splitlines()
    changed = [line for line in ours if line not in shipped]
    assert len(changed) == 3
    assert [line.startswith("#") for line in changed] == [True, True, False]
    assert "ml-dsa-65" in changed[2]
