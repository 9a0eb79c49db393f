"""Reading receipts, and the changes that they are about."""

import sqlalchemy as sa

from pki.domain.evidence.receipts import Receipt
from pki.domain.records import StatusInterval
from pki.store import schema
from pki.store.columns import read_record
from pki.store.failures import translating
from pki.store.journal_reads import read_interval
from pki.store.links.reading import LinkReads
from pki.store.receipts.tables import AWAITED, receipts


class ReceiptReads(LinkReads):
    """Adds receipts."""

    def receipts_of(self, position: int) -> tuple[Receipt, ...]:
        """What is known of one entry, by sink; nothing when nobody looks for it."""
        rows = self._rows(
            sa.select(receipts).where(receipts.c.position == position).order_by(receipts.c.sink)
        )
        return tuple(read_record(Receipt, row) for row in rows)

    def status_changes(self, after: int, upto: int, limit: int) -> tuple[StatusInterval, ...]:
        """At most ``limit`` changes of status by the entries behind ``after`` up to ``upto``.

        Without those of certificates that were not confirmed: nobody may trust them yet.
        """
        table = schema.status_intervals
        query = sa.select(table).where(
            table.c.position > after, table.c.position <= upto, table.c.status != "unconfirmed"
        )
        rows = self._rows(query.order_by(table.c.position, table.c.serial).limit(limit))
        with translating():
            return tuple(map(read_interval, rows))

    def awaited(self) -> tuple[tuple[str, StatusInterval], ...]:
        """What was not shown yet, with the sink that should; oldest first."""
        table = schema.status_intervals
        query = sa.select(receipts.c.sink, table).join(
            receipts, receipts.c.position == table.c.position
        )
        rows = self._rows(query.where(AWAITED).order_by(receipts.c.position, receipts.c.sink))
        with translating():
            return tuple((row.sink, read_interval(row)) for row in rows)
