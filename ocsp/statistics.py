"""What the responder counts, for metrics."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed


def _untold(_seconds: float) -> None:
    """Nobody wants to know."""


@dataclass(slots=True, kw_only=True)
class ResponderStatistics:
    """Counts since the start.

    ``kept_on``: given from memory because the store or the key could not be used. ``again``: made
    anew because a change overtook them. ``ahead``: made anew before they were asked for.
    ``signed``: signatures that were made, in time for a question or before it. ``measure`` is told
    how long an answer took that was not ready, in seconds; once for all that are made in one turn.
    ``made_by_hash`` counts CertIDs of answers that were made, ``given_by_hash`` answers that were
    ready, each in a list of one number.
    """

    misses: int = 0
    kept_on: int = 0
    again: int = 0
    ahead: int = 0
    dropped: int = 0
    signed: int = 0
    measure: Callable[[float], None] = _untold
    by_status: Counter[str] = field(default_factory=Counter)
    made_by_hash: Counter[str] = field(default_factory=Counter)
    given_by_hash: dict[str, list[int]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)

    def given(self, hash_name: str) -> list[int]:
        """Where ready answers are counted whose first CertID has this digest."""
        return self.given_by_hash.setdefault(hash_name, [0])

    @property
    def hits(self) -> int:
        """How many answers were ready."""
        return sum(count for (count,) in self.given_by_hash.values())

    @property
    def by_hash(self) -> Counter[str]:
        """What clients ask with; it tells when SHA-1 may be ended."""
        given = Counter({name: count for name, (count,) in self.given_by_hash.items()})
        return self.made_by_hash + given


_NAMES: Final[dict[type, str]] = {
    each: each.__name__.lower() for each in (Good, OnHold, Revoked, Unconfirmed)
}


def status_name(status: CertificateStatus | None) -> str:
    """The label of a status in metrics."""
    return "unknown" if status is None else _NAMES[type(status)]
