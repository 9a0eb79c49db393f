"""Writing receipts."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from pki.domain.evidence.receipts import Receipt
from pki.domain.records import StatusInterval
from pki.store import schema
from pki.store.receipts.tables import AWAITED, receipts
from pki.store.short_lived.writing import ShortLivedWrites


class ReceiptWrites(ShortLivedWrites):
    """The part of a change that keeps receipts."""

    def await_showing(self, changes: Iterable[StatusInterval], sinks: Sequence[str]) -> None:
        """Say that these sinks should show these changes. What was said before stays.

        Earlier changes of the same certificate need no showing any more.
        """
        for change in changes:
            self._supersede(change)
            known = {each.sink for each in self.receipts_of(change.position)}
            for sink in sinks:
                if sink not in known:
                    row = {"position": change.position, "sink": sink}
                    self._write(sa.insert(receipts), row)

    def put_showing(self, receipt: Receipt) -> None:
        """Keep when a sink first showed a change; a second time changes nothing."""
        same = (receipts.c.position == receipt.position, receipts.c.sink == receipt.sink)
        values = {"shown_at": receipt.shown_at, "sha256": receipt.sha256}
        self._write(sa.update(receipts).where(*same, AWAITED), values)

    def _supersede(self, change: StatusInterval) -> None:
        table = schema.status_intervals
        earlier = sa.select(table.c.position).where(
            table.c.serial == change.serial, table.c.position < change.position
        )
        awaited = sa.update(receipts).where(receipts.c.position.in_(earlier), AWAITED)
        self._write(awaited, {"superseded_by": change.position})
