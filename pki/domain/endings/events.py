"""What the journal says of cards that time ends."""

from dataclasses import dataclass
from typing import ClassVar, Final

from pki.domain.events import Event
from pki.domain.identifiers import CardId, IssuerId, SerialNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class CardExpired(Event):
    """The certificate's notAfter has passed: the person may have a new card.

    Its status stays what it was, so no service that follows the journal has anything to do.
    """

    KIND: ClassVar[str] = "card.expired"
    card: CardId
    issuer: IssuerId
    serial: SerialNumber


ENDING_EVENTS: Final[tuple[type[Event], ...]] = (CardExpired,)
