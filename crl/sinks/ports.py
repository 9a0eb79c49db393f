"""What bringing CRLs to a place outside needs of others."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalEntry, JournalHead
from pki.domain.records import PublishedCrl


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """Something that stands beside the CRLs, at ``path`` below the sink's place; made ``at``.

    ``lasting``: what stands there once is never replaced.
    """

    path: str
    octets: bytes
    media_type: str
    at: datetime
    lasting: bool = False


class Archive(Protocol):
    """Every CRL that was published. Each raises StoreUnavailable when it cannot be read."""

    async def latest(self, issuer: IssuerId) -> PublishedCrl | None:
        """The CRL of this list with the highest number."""
        ...

    async def numbered(self, issuer: IssuerId, number: int) -> PublishedCrl | None:
        """The CRL of this list with this number."""
        ...


class Journal(Protocol):
    """Gives what happened, and where it ends."""

    async def head(self) -> JournalHead:
        """The end of the journal now. Raises StoreUnavailable."""
        ...

    def follow(self, after: int) -> AsyncIterator[Sequence[JournalEntry]]:
        """Every entry after this position, in order and without gaps, for ever."""
        ...


class Cursors(Protocol):
    """Keeps positions under names; 0 when never saved. Each raises StoreUnavailable."""

    async def load(self, name: str) -> int:
        """The position last saved."""
        ...

    async def save(self, name: str, position: int) -> None:
        """Keep it durably."""
        ...


class Sink(Protocol):
    """A place where CRLs are put under the names they are served by.

    Each call may be repeated. It raises Unavailable when the place does not take it now, and
    Conflict when what stands there may not be replaced.
    """

    @property
    def name(self) -> str:
        """Of the sink, in logs, metrics and its cursor."""
        ...

    @property
    def keeps_old(self) -> bool:
        """Whether `keep` is wanted of every CRL."""
        ...

    async def show(self, name: str, crl: PublishedCrl) -> bool:
        """Put it where relying parties look; false when it stood there already."""
        ...

    async def keep(self, name: str, crl: PublishedCrl) -> None:
        """Put it into the archive, under its number."""
        ...

    async def shown(self, name: str) -> int | None:
        """The number of the CRL that relying parties find there, if any."""
        ...


class PaperSink(Protocol):
    """A place that takes other papers as well. It raises as a `Sink` does."""

    @property
    def name(self) -> str:
        """Of the sink, in logs and metrics."""
        ...

    async def read(self, path: str) -> bytes | None:
        """What stands there, if anything does."""
        ...

    async def lay(self, paper: Paper) -> bool:
        """Put it there; false when these octets stood there already."""
        ...


class Place(Sink, PaperSink, Protocol):
    """A place as it is configured."""
