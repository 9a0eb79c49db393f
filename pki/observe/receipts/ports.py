"""What watching needs of others: the journal, a book to keep receipts in, and sinks to look at."""

from collections.abc import AsyncIterator, Container, Mapping, Sequence
from typing import Protocol

from pki.domain.evidence.receipts import Receipt
from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalEntry, JournalHead
from pki.domain.records import StatusInterval


class Journal(Protocol):
    """The journal as it grows."""

    async def head(self) -> JournalHead: ...
    def follow(self, after: int, /) -> AsyncIterator[Sequence[JournalEntry]]: ...


class Book(Protocol):
    """Where receipts are kept; each method may raise StoreUnavailable."""

    async def position(self) -> int:
        """Up to where changes were taken up; 0 before the first time."""

    async def awaited(self) -> Sequence[tuple[str, StatusInterval]]:
        """What was taken up and not shown yet, with the sink that should."""

    async def take_up(
        self, after: int, upto: int, sinks: Mapping[str, Container[IssuerId]], most: int
    ) -> Sequence[StatusInterval]:
        """The first ``most`` changes of these entries, awaited from now on.

        Of every sink that shows their issuer, by name.
        """

    async def keep(self, receipts: Sequence[Receipt]) -> None:
        """Keep what was shown."""


class Sink(Protocol):
    """A place where relying parties look."""

    @property
    def name(self) -> str:
        """How receipts and metrics call it."""

    @property
    def issuers(self) -> Container[IssuerId]:
        """The CAs whose certificates it shows; of others nothing is awaited."""

    async def shown(self, awaited: Sequence[StatusInterval]) -> Mapping[int, bytes]:
        """Which of these it shows now: position → SHA-256 of what was read.

        Raises:
            ZorgidError: it cannot be read, or what it shows cannot be trusted.
        """


class Measure(Protocol):
    """Takes the delays."""

    def __call__(self, sink: str, seconds: float, /) -> None: ...
