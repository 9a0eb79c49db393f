"""What CRL building and serving need of others."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalEntry
from pki.domain.records import (
    ChangedCertificate,
    CrlList,
    CrlPiece,
    KeptCrl,
    ListedRow,
    PublishedCrl,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A CRL to be published; ``pieces`` joined are its DER, of which ``sha256`` is the digest."""

    crl: KeptCrl
    sha256: bytes
    pieces: Sequence[CrlPiece]

    @property
    def octets(self) -> int:
        """How long it is."""
        return sum(len(each.octets) for each in self.pieces)

    @property
    def whole(self) -> PublishedCrl:
        """It with its octets, copied: they may be many."""
        crl = self.crl
        return PublishedCrl(
            issuer=crl.issuer,
            number=crl.number,
            this_update=crl.this_update,
            next_update=crl.next_update,
            entries=crl.entries,
            upto=crl.upto,
            der=b"".join([each.octets for each in self.pieces]),
        )


class Snapshot(Protocol):
    """One moment of the store, as one list of one CA sees it; good inside the query alone."""

    def position(self) -> int:
        """Where the journal ends."""
        ...

    def floor(self) -> int:
        """A number that was published although no CRL shows it: the store was restored."""
        ...

    def previous_number(self) -> int:
        """The highest number published; 0 before the first."""
        ...

    def previous(self) -> PublishedCrl | None:
        """The CRL with that number."""
        ...

    def base(self, at: datetime) -> tuple[int, int] | None:
        """Number and ``upto`` of the newest CRL made by ``at``, else of the oldest there is."""
        ...

    def listed_rows(self) -> Iterator[ListedRow]:
        """What the CA's CRLs list, by serial."""
        ...

    def changed(self, after: int) -> Iterator[ChangedCertificate]:
        """The CA's certificates whose status changed after this journal position, each once."""
        ...


class CrlShelf(Protocol):
    """Where published CRLs are found."""

    async def latest(self, issuer: IssuerId) -> PublishedCrl | None:
        """The CRL with the highest number, or None before the first.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        ...


class CrlStore(CrlShelf, Protocol):
    """What building and publishing need of the store."""

    async def look(self, crl_list: CrlList, query: Callable[[Snapshot], T]) -> T:
        """Run ``query`` inside one snapshot, off the event loop.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        ...

    async def publish(self, publications: Sequence[Publication], expected_previous: int) -> None:
        """Publish, if the first one's list still ends at ``expected_previous`` (0: none yet).

        The CRLs and their journal entries (`CrlPublished`) are written in one transaction.

        Raises:
            Conflict: another CRL was published meanwhile.
            StoreUnavailable: nothing was published.
        """
        ...


class Life(Protocol):
    """How long an issuer goes on."""

    async def over(self, now: datetime) -> bool:
        """Whether the next CRL is its last.

        Raises:
            StoreUnavailable: that cannot be known now.
        """
        ...


class JournalFeed(Protocol):
    """The journal as it grows."""

    def follow(self, after: int) -> AsyncIterator[Sequence[JournalEntry]]:
        """Yield what follows position ``after``, in order, without gaps, for ever."""
        ...


class SignatureCheck(Protocol):
    """Verifies a signature with a public key (DER SubjectPublicKeyInfo)."""

    def __call__(
        self, public_key: bytes, algorithm: SignatureAlgorithm, message: bytes, signature: bytes
    ) -> bool:
        """Whether ``signature`` is one of ``message`` by ``public_key``."""
        ...
