"""The section [rules] becomes the registration authority's choices."""

from typing import Any

import pytest
from pydantic import ValidationError

from issuance.rules.choices import Choices
from server.roles.issuance_desk import choices_of
from server.setting.rules import AttributeSettings, RuleSettings


def test_the_defaults_are_the_rules_own() -> None:
    assert choices_of(RuleSettings()) == Choices()


@pytest.mark.parametrize(
    ("section", "choices"),
    [
        ({"revoke_needs_block": False}, Choices(revoke_needs_block=False)),
        ({"cards_can_be_blocked": False}, Choices(cards_can_be_blocked=False)),
        ({"unblock_by": "blocker"}, Choices(blocker_unblocks=True)),
        ({"unlinked_months": 6}, Choices(months_unlinked=6)),
        ({"unlinked_end": "keep"}, Choices(unlinked_end=False)),
    ],
)
def test_each_setting_is_one_choice(section: dict[str, Any], choices: Choices) -> None:
    assert choices_of(RuleSettings(**section)) == choices


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("unlinked_months", 0),
        ("unlinked_months", 13),
        ("unlinked_end", "revoked"),
        ("unblock_by", "anybody"),
        ("revoke_needs_blok", True),
    ],
)
def test_what_is_none_is_refused(key: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        RuleSettings.model_validate({key: value})


@pytest.mark.parametrize(
    "section",
    [
        {"type": "taak", "codes": []},
        {"type": "taak"},
        {"type": "Taak", "codes": ["1"]},
        {"type": "taak", "codes": ["a b"]},
        {"type": "taak", "codes": ["1" * 41]},
    ],
)
def test_an_attribute_without_a_code_or_with_an_odd_one(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AttributeSettings.model_validate(section)
