"""A lease: the right to run one task, for a while, that one process has at a time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

LONGEST_LEASE: Final = timedelta(seconds=60)
"""What seems to last for longer was given before the database's clock was set back: it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What its holder shows with each write; ``token`` grows by one whenever a lease is taken."""

    name: str
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease as the store has it; ``left``: how long it lasts by the database's clock."""

    name: str
    holder: str
    token: int
    left: timedelta

    @property
    def held(self) -> bool:
        """Whether nobody else may take it."""
        return timedelta(0) < self.left <= LONGEST_LEASE
