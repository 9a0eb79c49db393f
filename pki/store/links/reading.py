"""Reading which organisations manage a card, and since when nobody does."""

from datetime import datetime

import sqlalchemy as sa

from pki.domain.cards import Card
from pki.domain.identifiers import CardId, Ura
from pki.store import schema
from pki.store.registry_reads import RegistryReads, in_use

_MANAGED_STATES = ("actief", "geblokkeerd")


class LinkReads(RegistryReads):
    """Adds links, and cards whose time is over. A link is open while it has no end."""

    def links_of(self, card_id: CardId) -> tuple[Ura, ...]:
        """The organisations a card is linked to now, by URA."""
        links, organisations = schema.card_links, schema.organisations
        query = sa.select(organisations.c.ura).join(
            links, links.c.organisation_id == organisations.c.id
        )
        current = query.where(links.c.card_id == card_id, links.c.until.is_(None))
        return tuple(row.ura for row in self._rows(current.order_by(organisations.c.ura)))

    def unlinked_since(self, card_id: CardId) -> datetime | None:
        """When the last link of the card ended; None while there is one, or never was."""
        links = schema.card_links
        ends = sa.select(links.c.until).where(links.c.card_id == card_id)
        row = self._row(
            ends.order_by(links.c.until.is_(None).desc(), links.c.until.desc()).limit(1)
        )
        return None if row is None else row.until

    def cards_blocked_before(self, at: datetime) -> tuple[Card, ...]:
        """Cards that are `geblokkeerd` since before ``at``, oldest first."""
        return self._in_state("geblokkeerd", at)

    def cards_expired_before(self, at: datetime, since: datetime | None = None) -> tuple[Card, ...]:
        """Cards in use whose certificate's notAfter is before ``at``, by that time.

        It reads every certificate that ended at ``since`` or later, without it every card in use:
        ask it on the reading side, and not every second.
        """
        cards, certificates = schema.cards, schema.certificates
        join = cards.join(certificates, certificates.c.serial == cards.c.serial)
        query = sa.select(cards).select_from(join).where(certificates.c.not_after < at)
        if since is None:
            query = query.where(cards.c.state.in_(_MANAGED_STATES))
        else:
            query = query.where(in_use(_MANAGED_STATES), certificates.c.not_after >= since)
        return self._cards(query.order_by(certificates.c.not_after, cards.c.id))

    def certificates_ending(self, after: datetime, upto: datetime) -> int:
        """How many that are good or on hold end after ``after`` and not after ``upto``.

        It reads every certificate that ends then.
        """
        table = schema.certificates
        query = sa.select(sa.func.count()).where(
            table.c.status.in_(("good", "hold")),
            table.c.not_after > after,
            table.c.not_after <= upto,
        )
        row = self._row(query)
        return 0 if row is None else int(row[0])

    def cards_unlinked_before(self, at: datetime) -> tuple[Card, ...]:
        """Cards, active or blocked, whose last link ended before ``at`` or then; oldest first.

        It reads every link that has ended: ask it on the reading side, and not every second.
        """
        links, cards = schema.card_links, schema.cards
        last = sa.func.max(links.c.until)
        ended = sa.select(links.c.card_id, last.label("until")).where(links.c.until.is_not(None))
        alone = ended.group_by(links.c.card_id).having(last <= at).subquery()
        linked = sa.exists().where(links.c.card_id == cards.c.id, links.c.until.is_(None))
        query = sa.select(cards).join(alone, alone.c.card_id == cards.c.id)
        found = query.where(cards.c.state.in_(_MANAGED_STATES), ~linked)
        return self._cards(found.order_by(alone.c.until, cards.c.id))
