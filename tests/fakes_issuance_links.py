"""The part of the store in memory that knows links, and what time does to cards."""

from datetime import datetime
from typing import TYPE_CHECKING

from pki.domain.cards import Active, Blocked, Card
from pki.domain.errors import Conflict, NotFound
from pki.domain.identifiers import CardId, OrganisationId, Ura

if TYPE_CHECKING:
    from fakes_issuance_store import Tables


class FakeLinks:
    """Links of cards, on the tables of one transaction."""

    tables: "Tables"

    def links_of(self, card_id: CardId, /) -> tuple[Ura, ...]:
        linked = [organisation for card, organisation in self.tables.links if card == card_id]
        return tuple(self.tables.organisations[each].ura for each in linked)

    def cards_linked_to(self, organisation_id: OrganisationId, /) -> tuple[CardId, ...]:
        linked = [
            card for card, organisation in self.tables.links if organisation == organisation_id
        ]
        return tuple(sorted(linked))

    def put_link(
        self, card_id: CardId, organisation_id: OrganisationId, since: datetime, /
    ) -> None:
        if (card_id, organisation_id) in self.tables.links:
            raise Conflict(message="linked already")
        self.tables.links[card_id, organisation_id] = since

    def end_link(
        self, card_id: CardId, organisation_id: OrganisationId, until: datetime, /
    ) -> None:
        if self.tables.links.pop((card_id, organisation_id), None) is None:
            raise NotFound(what="link", message="not linked")
        self.tables.unlinked[card_id] = until

    def unlinked_since(self, card_id: CardId, /) -> datetime | None:
        return None if self.links_of(card_id) else self.tables.unlinked.get(card_id)

    def _in_use(self) -> list[Card]:
        return [c for c in self.tables.cards.values() if isinstance(c.phase, Active | Blocked)]

    def cards_blocked_before(self, at: datetime, /) -> list[Card]:
        return [c for c in self._in_use() if isinstance(c.phase, Blocked) and c.phase.at < at]

    def cards_expired_before(self, at: datetime, /) -> list[Card]:
        certificates = self.tables.certificates.values()
        over = {each.card_id for each in certificates if each.not_after < at}
        return [card for card in self._in_use() if card.id in over]

    def cards_unlinked_before(self, at: datetime, /) -> list[Card]:
        since = {card.id: self.unlinked_since(card.id) for card in self._in_use()}
        ended = {card_id for card_id, each in since.items() if each is not None and each <= at}
        return [card for card in self._in_use() if card.id in ended]
