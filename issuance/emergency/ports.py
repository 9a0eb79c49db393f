"""What carrying out an order needs of the store."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from issuance.ports import Journal
from pki.domain.emergency.records import CardAfter, CertifiedCard
from pki.domain.events import Event
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.journal import JournalEntry
from pki.domain.people import Actor, Operator
from pki.domain.records import Intent
from pki.domain.status import CertificateStatus

T = TypeVar("T")


class Known(Protocol):
    """What is known of serials."""

    def certified_cards(
        self, serials: Sequence[SerialNumber], /
    ) -> Mapping[SerialNumber, CertifiedCard]:
        """The cards whose certificates have these serials."""

    def status(self, issuer: IssuerId, serial: SerialNumber, /) -> CertificateStatus | None: ...
    def intent(self, serial: SerialNumber, /) -> Intent | None: ...


class Orders(Known, Journal, Protocol):
    """A transaction in which an order is begun or goes on."""

    def record_all(self, events: Sequence[Event], actor: Actor, /) -> Sequence[JournalEntry]:
        """Append entries, in this order."""

    def put_cards_after(self, changes: Sequence[CardAfter], /) -> None:
        """Write cards and the status of their certificates."""

    def operator_by_certificate(self, sha256: bytes, /) -> Operator | None: ...
    def cursor(self, name: str, /) -> int: ...
    def set_cursor(self, name: str, position: int, /) -> None: ...


class OrderStore(Protocol):
    """Transactions, one after the other, durable before they are answered."""

    async def write(self, work: Callable[[Orders], T], /) -> T:
        """Run ``work`` in a transaction of its own.

        Raises:
            StoreUnavailable: nothing of it was recorded.
        """
