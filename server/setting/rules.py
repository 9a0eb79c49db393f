"""What this installation chose of the rules: [rules], [[attributes]]."""

from typing import Annotated, Literal

from pydantic import Field

from pki.settings.types import Section

_Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")]


class AttributeSettings(Section):
    """A type of attribute that people can have at organisations, and its codes (taakcodes)."""

    type: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    codes: Annotated[tuple[_Code, ...], Field(min_length=1, max_length=5000)]


class RuleSettings(Section):
    """The choices of docs/eligibility.md; each default is what is argued for there."""

    revoke_needs_block: bool = True
    cards_can_be_blocked: bool = True
    unblock_by: Literal["linked", "blocker"] = "linked"
    unlinked_months: Annotated[int, Field(ge=1, le=12)] = 2
    unlinked_end: Literal["revoke", "keep"] = "revoke"
