"""The section [rules]: which reading holds where the public texts contradict each other."""

from typing import Annotated, Literal

from pydantic import Field

from pki.settings.types import Section


class RuleSettings(Section):
    """The choices of docs/eligibility.md; each default is what is argued for there."""

    revoke_needs_block: bool = True
    cards_can_be_blocked: bool = True
    unblock_by: Literal["linked", "blocker"] = "linked"
    unlinked_months: Annotated[int, Field(ge=1, le=12)] = 2
    unlinked_end: Literal["revoke", "keep"] = "revoke"
