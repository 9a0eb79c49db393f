"""What statements need from others: one snapshot of the history, and the evidence key."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol, TypeVar

from issuance.search.ports import Subscribers
from pki.domain.journal import JournalHead, RawEntry

T = TypeVar("T")


class History(Subscribers, Protocol):
    """A read-only snapshot of what was."""

    def require_abreast(self, now: datetime, /) -> None:
        """Make sure that this is not a copy that is behind what was committed.

        Raises:
            StoreUnavailable: it is, or that cannot be known.
        """

    def head(self) -> JournalHead: ...
    def raw_journal(self, after: int, limit: int, /) -> Iterator[RawEntry]: ...
    def installation(self) -> tuple[str, str] | None:
        """Id and kind of the installation."""


class HistoryReader(Protocol):
    """Read-only snapshots."""

    async def read(self, query: Callable[[History], T], /) -> T:
        """Run ``query`` on one snapshot.

        Raises:
            StoreUnavailable: the store cannot be read.
        """


class Evidence(Protocol):
    """The evidence key, with its certificate."""

    async def sign(self, content: bytes, signed_at: datetime, /) -> bytes:
        """DER CMS SignedData (RFC 5652) with ``content`` and the signer's chain inside.

        Raises:
            SignerUnavailable, SignerBusy: the key cannot be used now; nothing was released.
        """
