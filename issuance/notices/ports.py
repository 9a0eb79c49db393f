"""What notices need of the store, and of whoever carries messages."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from issuance.steps.callers import Standing
from pki.domain.events import Event
from pki.domain.identifiers import CardId, NoticeId, OrganisationId, Ura
from pki.domain.journal import JournalEntry
from pki.domain.notices.mail import Handed
from pki.domain.notices.records import (
    Contact,
    Letter,
    MailState,
    Notice,
    NoticeKind,
    ShownNotice,
)
from pki.domain.people import Actor, Organisation

T = TypeVar("T")


class DeskSnapshot(Protocol):
    """What operators and calendar programs can be shown, in one state of the store."""

    def organisation_by_ura(self, ura: Ura, /) -> Organisation | None: ...
    def organisation(self, organisation_id: OrganisationId, /) -> Organisation | None: ...
    def contact_of(self, organisation: OrganisationId, /) -> Contact | None: ...
    def contact_by_feed(self, feed_sha256: bytes, /) -> Contact | None: ...
    def notice(self, notice_id: NoticeId, /) -> ShownNotice | None: ...
    def notices_of(
        self, organisation: OrganisationId | None, after: NoticeId | None, limit: int, /
    ) -> Sequence[ShownNotice]:
        """The next ones, newest first, behind ``after``; None: of every organisation."""


class DeskChange(DeskSnapshot, Standing, Protocol):
    """One transaction of an operator."""

    @property
    def now(self) -> datetime: ...
    def record(self, event: Event, actor: Actor, /) -> JournalEntry: ...
    def put_contact(self, contact: Contact, /) -> None: ...
    def acknowledge(self, notice_id: NoticeId, at: datetime, /) -> None: ...
    def try_refused_again(self, organisation: OrganisationId, now: datetime, /) -> int:
        """Let what the former address refused wait again; ``now`` by the clock on the wall."""
        ...


class DeskStore(Protocol):
    """Transactions, one after the other, durable before they are answered."""

    async def write(self, work: Callable[[DeskChange], T], /) -> T:
        """Run ``work`` in a transaction of its own.

        Raises:
            StoreUnavailable: nothing was changed.
        """


class DeskReader(Protocol):
    """Read-only snapshots."""

    async def read(self, query: Callable[[DeskSnapshot], T], /) -> T:
        """Run ``query`` on one snapshot.

        Raises:
            StoreUnavailable: the store cannot be read.
        """


class NoticeSnapshot(Protocol):
    """What is to be told, in one state of the store."""

    def cursor(self, name: str, /) -> int: ...
    def linked_at(
        self, moments: Iterable[tuple[CardId, datetime]], /
    ) -> Mapping[tuple[CardId, datetime], tuple[OrganisationId, ...]]:
        """The organisations that cards were linked to then; of none, the last ones before.

        A few hundred at a time.
        """
        ...

    def cards_to_expire(
        self, kind: NoticeKind, after: datetime, upto: datetime, /
    ) -> Sequence[tuple[CardId, datetime]]: ...
    def cards_held_untold(self, before: datetime, /) -> Sequence[tuple[CardId, datetime]]: ...
    def mail_waiting_since(self, now: datetime, /) -> datetime | None: ...


class NoticeChange(NoticeSnapshot, Protocol):
    """One transaction.

    ``now`` of a method is by the clock on the wall, that of the session never before the journal's
    last entry.
    """

    @property
    def now(self) -> datetime: ...
    def record(self, event: Event, actor: Actor, /) -> JournalEntry: ...
    def set_cursor(self, name: str, position: int, /) -> None: ...
    def put_notices(self, new: Sequence[Notice], /) -> int:
        """Insert those that are not there yet; how many that were."""

    def claim_letter(
        self, letter: str, now: datetime, /, *, most: int, longest_wait: timedelta
    ) -> Letter | None: ...
    def hand_over(self, letter: str, now: datetime, /) -> bool: ...
    def settle(self, letter: str, outcome: MailState, now: datetime, why: str | None, /) -> int: ...
    def put_back(self, letter: str, now: datetime, next_try_at: datetime, why: str, /) -> int: ...
    def lapse(self, now: datetime, /) -> int: ...
    def lost_letters(
        self, now: datetime, lease: timedelta, /
    ) -> Sequence[tuple[str, MailState, Ura]]: ...


class NoticeStore(Protocol):
    """As `DeskStore`, for who makes and sends notices."""

    async def write(self, work: Callable[[NoticeChange], T], /) -> T: ...


class NoticeReader(Protocol):
    """As `DeskReader`, for who makes and sends notices."""

    async def read(self, query: Callable[[NoticeSnapshot], T], /) -> T: ...


class Journal(Protocol):
    """Following the journal."""

    def follow(self, after: int, /) -> AsyncIterator[Sequence[JournalEntry]]:
        """What comes behind ``after``, for ever, in batches."""


class Carrier(Protocol):
    """Brings one message to one address, within a time well below `rules.LEASE`."""

    async def carry(self, letter: Letter, go: Callable[[], Awaitable[bool]], /) -> Handed:
        """Hand it over; ``go`` is asked right before the message's first octet.

        Where ``go`` says no, or raises, nothing of the message is sent. Raises nothing else.
        """
