"""What carrying out an order needs of the store."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from issuance.mobiel.ports import Withdrawing
from issuance.ports import Journal
from pki.domain.cards import Card
from pki.domain.emergency.records import RecordedSerial, SubscriberAfter
from pki.domain.events import Event
from pki.domain.identifiers import CardNumber, MobielId, SerialNumber
from pki.domain.journal import JournalEntry
from pki.domain.mobiel.records import MobielIdentity
from pki.domain.people import Actor, Operator

T = TypeVar("T")


class Numbers(Protocol):
    """What has a number or an id."""

    def card_by_number(self, number: CardNumber, /) -> Card | None: ...
    def mobiel(self, mobiel_id: MobielId, /) -> MobielIdentity | None: ...


class Known(Protocol):
    """What is known of serials."""

    def recorded(self, serials: Sequence[SerialNumber], /) -> Mapping[SerialNumber, RecordedSerial]:
        """Those that any of our CAs recorded, on cards and in telephones."""


class Orders(Known, Withdrawing, Journal, Protocol):
    """A transaction in which an order is begun or goes on."""

    def record_all(self, events: Sequence[Event], actor: Actor, /) -> Sequence[JournalEntry]:
        """Append entries, in this order."""

    def put_subscribers_after(self, changes: Sequence[SubscriberAfter], /) -> None:
        """Write cards, telephones and the status of their certificates."""

    def operator_by_certificate(self, sha256: bytes, /) -> Operator | None: ...
    def cursor(self, name: str, /) -> int: ...
    def set_cursor(self, name: str, position: int, /) -> None: ...


class OrderStore(Protocol):
    """Transactions, one after the other, durable before they are answered."""

    async def write(self, work: Callable[[Orders], T], /) -> T:
        """Run ``work`` in a transaction of its own.

        Raises:
            StoreUnavailable: nothing of it was recorded; or all, when COMMIT had no answer.
        """
