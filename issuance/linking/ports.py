"""What linking needs of the store."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from issuance.attributes.ports import AttributeWrites
from pki.domain.cards import Card
from pki.domain.identifiers import CardId, OrganisationId, SerialNumber
from pki.domain.people import Organisation
from pki.domain.records import StatusInterval


class LinkReads(Protocol):
    """Who manages which cards, and how long nobody has managed one."""

    def cards_linked_to(self, organisation_id: OrganisationId, /) -> Sequence[CardId]:
        """The cards that an organisation manages now, ended ones included."""

    def organisation(self, organisation_id: OrganisationId, /) -> Organisation | None: ...
    def unlinked_since(self, card_id: CardId, /) -> datetime | None:
        """When the last link of the card ended; None while there is one, or never was."""

    def cards_unlinked_before(self, at: datetime, /) -> Iterable[Card]:
        """Cards, active or blocked, whose last link ended before ``at`` or then; oldest first."""


class Pasts(Protocol):
    """What a certificate's status was, and who changed it."""

    def history(self, serial: SerialNumber, /) -> tuple[StatusInterval, ...]:
        """Every status of the serial, oldest first; without gaps, the last one open."""
        ...


class LinkWrites(LinkReads, Pasts, AttributeWrites, Protocol):
    """Links that come and go, and what hangs on them."""

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
