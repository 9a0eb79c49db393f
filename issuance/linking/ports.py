"""What linking needs of the store."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from pki.domain.cards import Card
from pki.domain.identifiers import CardId, OrganisationId


class LinkReads(Protocol):
    """How long nobody has managed a card."""

    def unlinked_since(self, card_id: CardId, /) -> datetime | None:
        """When the last link of the card ended; None while there is one, or never was."""

    def cards_unlinked_before(self, at: datetime, /) -> Iterable[Card]:
        """Cards, active or blocked, whose last link ended before ``at`` or then; oldest first."""


class LinkWrites(LinkReads, Protocol):
    """Links that come and go."""

    def put_link(
        self, card_id: CardId, organisation_id: OrganisationId, since: datetime, /
    ) -> None:
        """Link them.

        Raises:
            Conflict: they are linked already.
        """

    def end_link(
        self, card_id: CardId, organisation_id: OrganisationId, until: datetime, /
    ) -> None:
        """End the link; that it was stays known.

        Raises:
            NotFound: they are not linked.
        """
