"""What searches and enquiries need of the store."""

from collections.abc import Sequence
from typing import Protocol

from issuance.attributes.ports import AttributeReads
from issuance.logins.ports import LoginReads
from issuance.mobiel.ports import MobielReads
from issuance.receipts.ports import ChangeReads
from pki.domain.cards import Card
from pki.domain.identifiers import CardId, MobielId, OrganisationId, SerialNumber, Ura
from pki.domain.mobiel.records import MobielIdentity, SubscriberCertificate
from pki.domain.people import Organisation
from pki.domain.records import StatusInterval
from pki.domain.search.cards import CardSearch
from pki.domain.search.organisations import OrganisationSearch


class CardSearches(Protocol):
    """Looking for cards."""

    def cards_found(self, search: CardSearch, after: CardId | None, /) -> Sequence[Card]:
        """At most ``search.limit`` cards from behind the card ``after``.

        The newest order first; where expiry is asked for, the first to expire.
        """


class OrganisationSearches(Protocol):
    """Looking for organisations."""

    def organisation(self, organisation_id: OrganisationId, /) -> Organisation | None: ...
    def organisations_found(
        self, search: OrganisationSearch, after: Ura | None, /
    ) -> Sequence[Organisation]:
        """At most ``search.limit`` organisations in the order of URAs, from behind ``after``."""


class Subscribers(Protocol):
    """Certificates of cards and telephones, their past, and which organisations manage either."""

    def subscriber_certificate(self, serial: SerialNumber, /) -> SubscriberCertificate | None:
        """One that was signed."""

    def history(self, serial: SerialNumber, /) -> tuple[StatusInterval, ...]:
        """Every status of the serial, oldest first; without gaps, the last one open."""

    def links_of(self, card_id: CardId, /) -> tuple[Ura, ...]: ...
    def mobiel(self, mobiel_id: MobielId, /) -> MobielIdentity | None: ...


class Lookups(
    CardSearches,
    OrganisationSearches,
    ChangeReads,
    AttributeReads,
    MobielReads,
    LoginReads,
    Subscribers,
    Protocol,
):
    """All that operators look up besides single cards."""
