"""The part of the store in memory that knows links, and what time does to cards."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from pki.domain.cards import Active, Blocked, Card
from pki.domain.errors import Conflict, NotFound
from pki.domain.identifiers import CardId, IssuerId, OrganisationId, SerialNumber, Ura
from pki.domain.journal import JournalEntry
from pki.domain.records import StatusInterval
from pki.domain.status import CertificateStatus

if TYPE_CHECKING:
    from fakes.issuance_store import Tables


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

    def history(self, serial: SerialNumber, /) -> tuple[StatusInterval, ...]:
        return tuple(each for each in self.tables.intervals if each.serial == serial)

    def _end_interval(
        self,
        issuer: IssuerId,
        serial: SerialNumber,
        status: CertificateStatus,
        entry: JournalEntry,
    ) -> None:
        kept = self.tables.intervals
        for index, each in enumerate(kept):
            if each.serial == serial and each.until is None:
                kept[index] = replace(each, until=entry.at)
        kept.append(
            StatusInterval(
                serial=serial,
                issuer=issuer,
                status=status,
                since=entry.at,
                until=None,
                actor=entry.actor,
                position=entry.position,
            )
        )

    def _in_use(self) -> list[Card]:
        return [c for c in self.tables.cards.values() if isinstance(c.phase, Active | Blocked)]

    def cards_blocked_before(self, at: datetime, /) -> list[Card]:
        return [c for c in self._in_use() if isinstance(c.phase, Blocked) and c.phase.at < at]

    def cards_expired_before(self, at: datetime, since: datetime | None = None, /) -> list[Card]:
        certificates = self.tables.certificates.values()
        ended = [each for each in certificates if each.not_after < at]
        over = {each.card_id for each in ended if since is None or each.not_after >= since}
        return [card for card in self._in_use() if card.id in over]

    def cards_unlinked_before(self, at: datetime, /) -> list[Card]:
        since = {card.id: self.unlinked_since(card.id) for card in self._in_use()}
        ended = {card_id for card_id, each in since.items() if each is not None and each <= at}
        return [card for card in self._in_use() if card.id in ended]
