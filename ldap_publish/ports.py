"""What the publisher needs of others, and the values that pass between them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ldap_publish.plan import Actual, Change
from pki.domain.cards import Active, Blocked, CardPhase, Ended, Expired
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.journal import JournalEntry
from pki.domain.records import IssuedCertificate, PublishedCrl


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCertificate:
    """A card's certificate and where the card is in its life."""

    certificate: IssuedCertificate
    phase: CardPhase

    @property
    def is_public(self) -> bool:
        """Whether the directory shows it: from its confirmation on, and for ever after.

        Blocked, revoked and expired ones stay: a signature may be older than the block, and an
        inschrijftoken outlives the certificate that signed it. What was never confirmed was never
        to be trusted.
        """
        return isinstance(self.phase, Active | Blocked | Ended | Expired)


class Journal(Protocol):
    """Gives what happened."""

    def follow(self, after: int) -> AsyncIterator[Sequence[JournalEntry]]:
        """Every entry after this position, in order and without gaps, for ever."""
        ...


class Facts(Protocol):
    """Reads the store as it is now. Each raises StoreUnavailable when it cannot."""

    async def card_certificate(self, serial: SerialNumber) -> CardCertificate | None:
        """The certificate with this serial, if it was signed."""
        ...

    async def card_certificates_after(
        self, serial: SerialNumber | None, limit: int
    ) -> Sequence[CardCertificate]:
        """At most ``limit`` certificates in the order of serials, after this one (None: first)."""
        ...

    async def latest_crl(self, issuer: IssuerId) -> PublishedCrl | None:
        """The CRL with the highest number."""
        ...


class Cursors(Protocol):
    """Keeps positions under names; 0 when never saved. Each raises StoreUnavailable."""

    async def load(self, name: str) -> int:
        """The position last saved."""
        ...

    async def save(self, name: str, position: int) -> None:
        """Keep it durably."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """The directory did it, or it was so already."""


@dataclass(frozen=True, slots=True)
class ParentMissing:
    """There is nothing to hang this entry under: the tree is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAccepted:
    """The directory will never take this: schema, syntax, naming. ``code``: RFC 4511 A."""

    code: int
    why: str


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Nothing was done: the entry was written since the reading that the change goes by."""


Outcome = Done | ParentMissing | NotAccepted | Overtaken


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Entries by name, in any order; ``after`` stands for the next page, empty at the end."""

    entries: Sequence[tuple[str, Actual]]
    after: bytes


class Directory(Protocol):
    """The LDAP directory. Each raises DirectoryUnavailable within its time limit."""

    async def read(self, dn: str, attributes: Sequence[str]) -> Actual | None:
        """These attributes of this entry; None when there is no such entry."""
        ...

    async def page_below(
        self, dn: str, attributes: Sequence[str], after: bytes = b""
    ) -> Page | None:
        """Some of the entries directly below this one, from behind ``after``.

        None: the directory does not give them so.
        """
        ...

    async def apply(self, change: Change) -> Outcome:
        """Do it; being so already is done. A change with a version is made in that one alone."""
        ...
