"""What the responder counts, for metrics."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed


def _untold(_seconds: float) -> None:
    """Nobody wants to know."""


Method = Literal["GET", "POST"]
Source = Literal["hit", "miss", "kept", "early"]
"""Where an answer came from: it was ready, was made for this question, was given from memory
because store or key could not be used, or had been signed before anyone asked."""


class Kind(NamedTuple):
    """What is counted of an answer: the status and the CertID's digest of the first certificate."""

    status: str
    hash: str
    method: Method


def method_of(asked: bytes) -> Method:
    """How the octets came that an answer is kept under: a path by GET, DER by POST."""
    return "GET" if asked.startswith(b"/") else "POST"


def kind_of(status: CertificateStatus | None, hash_name: str | None, asked: bytes) -> Kind:
    """Of the answer that is kept under ``asked``."""
    return Kind(status_name(status), hash_name or "other", method_of(asked))


@dataclass(slots=True, kw_only=True)
class ResponderStatistics:
    """Counts since the start.

    ``again``: made anew because a change overtook them. ``ahead``: made anew before they were asked
    for. ``signed``: signatures that were made, in time for a question or before it. ``measure`` is
    told how long an answer took that was not ready, in seconds; once for all that are made in one
    turn. Ready answers are counted in lists of one number, so that giving one costs one addition.
    """

    again: int = 0
    ahead: int = 0
    dropped: int = 0
    signed: int = 0
    measure: Callable[[float], None] = _untold
    errors: Counter[str] = field(default_factory=Counter)
    _others: Counter[tuple[Kind, Source]] = field(default_factory=Counter)
    _ready: dict[Kind, list[int]] = field(default_factory=dict)

    def count(self, kind: Kind, source: Source) -> None:
        """An answer was given that was not ready."""
        self._others[kind, source] += 1

    def given(self, kind: Kind) -> list[int]:
        """Where ready answers of this kind are counted."""
        return self._ready.setdefault(kind, [0])

    def answers(self) -> Counter[tuple[Kind, Source]]:
        """All that were given and say a status."""
        ready = Counter[tuple[Kind, Source]]()
        for kind, (count,) in self._ready.items():
            ready[kind, "hit"] = count
        return ready + self._others


_NAMES: Final[dict[type, str]] = {
    each: each.__name__.lower() for each in (Good, OnHold, Revoked, Unconfirmed)
}


def status_name(status: CertificateStatus | None) -> str:
    """The label of a status in metrics."""
    return "unknown" if status is None else _NAMES[type(status)]
