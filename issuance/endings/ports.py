"""What ending cards needs of the store."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from pki.domain.cards import Card


class DueReads(Protocol):
    """Cards whose end has come."""

    def cards_expired_before(
        self, at: datetime, since: datetime | None = None, /
    ) -> Iterable[Card]:
        """Cards, active or blocked, whose notAfter is before ``at``, and not before ``since``."""

    def cards_blocked_before(self, at: datetime, /) -> Iterable[Card]:
        """Cards that are `geblokkeerd` since before ``at``, oldest first."""
