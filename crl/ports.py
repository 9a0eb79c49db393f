"""What CRL building and serving need of others."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalEntry
from pki.domain.records import ListedCertificate, PublishedCrl

Encode = Callable[[Iterable[ListedCertificate]], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One snapshot of the store: what is listed, in order, at which journal position.

    ``previous`` is the CRL with the highest number, if any was published. ``floor`` is a number
    that was published although ``previous`` does not show it: the store was restored.
    """

    entries: tuple[bytes, ...]
    upto: int
    previous: PublishedCrl | None
    floor: int = 0


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

    async def collect(self, issuer: IssuerId, encode: Encode) -> Listing:
        """Run ``encode`` over what is listed, inside the snapshot and off the event loop.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        ...

    async def publish(self, crl: PublishedCrl, expected_previous: int) -> None:
        """Publish, if the highest number still is ``expected_previous`` (0: none yet).

        The CRL and its journal entry (`CrlPublished`) are written in one transaction.

        Raises:
            Conflict: another CRL was published meanwhile.
            StoreUnavailable: nothing was published.
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
