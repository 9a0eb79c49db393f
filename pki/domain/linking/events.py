"""Links between cards and organisations that come and go after a card was made.

A card's first link, to the organisation of its pass, is part of `CardConfirmed`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pki.domain.events import Event
from pki.domain.identifiers import CardId, OrganisationId, Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLinked(Event):
    """The organisation may manage the card from now on."""

    KIND: ClassVar[str] = "card.linked"
    card: CardId
    organisation: OrganisationId
    ura: Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class CardUnlinked(Event):
    """The organisation no longer manages the card.

    ``ends_at`` is when the card will end by itself; None while another organisation is linked.
    """

    KIND: ClassVar[str] = "card.unlinked"
    card: CardId
    organisation: OrganisationId
    ura: Ura
    ends_at: datetime | None


LINK_EVENTS: Final[tuple[type[Event], ...]] = (CardLinked, CardUnlinked)
