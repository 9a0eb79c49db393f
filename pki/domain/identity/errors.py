"""Errors of sources of identity that no route of the API reaches."""

from dataclasses import dataclass
from typing import ClassVar

from pki.domain.errors import BadInput


@dataclass(kw_only=True, eq=False)
class StatementRejected(BadInput):
    """A signed statement about a person that is not believed; ``rule`` is the rule it breaks."""

    code: ClassVar[str] = "statement-rejected"
    rule: str
