"""The section [attestation], and what an installation does by it."""

from pathlib import Path
from typing import Any

import pytest

from issuance.attesting.rule import NO_RULE
from pki.api.fields import to_pem
from pki.domain.errors import ConfigurationInvalid
from pki.settings.file import checked
from server.roles.issuance_desk import attestation_rule
from server.setting.attestation import AttestationSettings
from virtual_card.maker import CardMaker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "maker.pem").write_text(to_pem(CardMaker("Maker").root))
    (tmp_path / "card.pem").write_text(
        to_pem(CardMaker("M").proof(CardMaker("M").card_key.public_key()))
    )
    return tmp_path


def read(folder: Path, document: dict[str, Any]) -> AttestationSettings:
    return checked(AttestationSettings, document, directory=folder)


def test_nothing_is_asked_unless_it_is_configured(folder: Path) -> None:
    assert attestation_rule(read(folder, {})) is NO_RULE
    assert NO_RULE.policy == "ignore"


@pytest.mark.parametrize("policy", ["record", "require"])
def test_a_policy_goes_with_makers(folder: Path, policy: str) -> None:
    rule = attestation_rule(read(folder, {"policy": policy, "roots": ["maker.pem"]}))
    assert rule.policy == policy


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"policy": "require"}, "configuration"),
        ({"roots": ["maker.pem"]}, "configuration"),
        ({"policy": "demand", "roots": ["maker.pem"]}, "policy"),
        ({"policy": "record", "roots": ["missing.pem"]}, "roots.0"),
        ({"policy": "record", "roots": ["card.pem"]}, "attestation.roots"),
    ],
)
def test_a_mistake_is_named(folder: Path, document: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigurationInvalid) as raised:
        attestation_rule(read(folder, document))
    assert raised.value.key == key
