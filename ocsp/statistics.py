"""What the responder counts, for metrics."""

from collections import Counter
from dataclasses import dataclass, field

from pki.domain.status import CertificateStatus


@dataclass(slots=True, kw_only=True)
class ResponderStatistics:
    """Counts since the start.

    ``by_hash`` tells when SHA-1 may be ended. ``kept_on``: given from memory because the store or
    the key could not be used. ``again``: made anew because a change overtook them.
    """

    hits: int = 0
    misses: int = 0
    kept_on: int = 0
    again: int = 0
    dropped: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    by_hash: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


def status_name(status: CertificateStatus | None) -> str:
    """The label of a status in metrics."""
    return "unknown" if status is None else type(status).__name__.lower()
