"""Reading many cards by the serials of their certificates."""

from collections.abc import Sequence

import sqlalchemy as sa

from pki.domain.emergency.records import CertifiedCard
from pki.domain.identifiers import SerialNumber
from pki.store import schema
from pki.store.registry_reads import RegistryReads


class ManyReads(RegistryReads):
    """Adds questions about many cards; a few hundred at a time."""

    def certified_cards(self, serials: Sequence[SerialNumber]) -> dict[SerialNumber, CertifiedCard]:
        """The cards whose signed certificates have these serials; others are left out."""
        cards, table = schema.cards, schema.certificates
        query = sa.select(table.c.serial, table.c.issuer, table.c.not_before)
        signed = query.where(table.c.serial.in_(serials), table.c.der.is_not(None))
        certificates = {row.serial: row for row in self._rows(signed)}
        found = self._cards(sa.select(cards).where(cards.c.serial.in_(serials)))
        return {
            card.serial: CertifiedCard(
                card=card,
                issuer=certificates[card.serial].issuer,
                not_before=certificates[card.serial].not_before,
            )
            for card in found
            if card.serial is not None and card.serial in certificates
        }
