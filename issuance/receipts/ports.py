"""What telling of a change needs of the store."""

from collections.abc import Sequence
from typing import Protocol

from pki.domain.evidence.receipts import Receipt
from pki.domain.journal import JournalEntry


class ChangeReads(Protocol):
    """Entries and their receipts."""

    def journal_after(self, position: int, limit: int, /) -> Sequence[JournalEntry]: ...
    def receipts_of(self, position: int, /) -> Sequence[Receipt]: ...
