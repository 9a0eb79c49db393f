"""Writing receipts: hundreds at a time, since whoever blocks or makes a card waits meanwhile."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

import sqlalchemy as sa

from pki.domain.evidence.receipts import Receipt
from pki.domain.identifiers import IssuerId
from pki.domain.records import StatusInterval
from pki.store import schema
from pki.store.many.rows import RowWrites
from pki.store.receipts.tables import AWAITED, receipts

_POSITION = sa.bindparam("of_position", type_=receipts.c.position.type)
_SINK = sa.bindparam("of_sink", type_=receipts.c.sink.type)
_SERIAL = sa.bindparam("of_serial", type_=schema.status_intervals.c.serial.type)


class ReceiptWrites(RowWrites):
    """The part of a change that keeps receipts."""

    def await_showing(
        self, changes: Sequence[StatusInterval], sinks: Mapping[str, Container[IssuerId]]
    ) -> None:
        """Say that these sinks should show these changes, oldest first. What was said before stays.

        Each sink shows changes of its own issuers. Earlier changes of the same certificate need no
        showing any more.
        """
        if not changes:
            return
        self._write_rows(sa.insert(receipts), list(self._unsaid(changes, sinks)))
        table = schema.status_intervals
        earlier = sa.select(table.c.position).where(
            table.c.serial == _SERIAL, table.c.position < _POSITION
        )
        overtaken = sa.update(receipts).where(receipts.c.position.in_(earlier), AWAITED)
        self._write_rows(overtaken.values(superseded_by=_POSITION), map(_overtaking, changes))

    def put_showings(self, shown: Iterable[Receipt]) -> None:
        """Keep when sinks first showed changes; a second time changes nothing."""
        same = (receipts.c.position == _POSITION, receipts.c.sink == _SINK)
        first = sa.update(receipts).where(*same, AWAITED)
        self._write_rows(first, map(_showing, shown))

    def _unsaid(
        self, changes: Sequence[StatusInterval], sinks: Mapping[str, Container[IssuerId]]
    ) -> Iterator[Mapping[str, object]]:
        positions = {each.position: each.issuer for each in changes}
        said = sa.select(receipts.c.position, receipts.c.sink).where(
            receipts.c.position.between(min(positions), max(positions))
        )
        known = {(row.position, row.sink) for row in self._rows(said)}
        for position in sorted(positions):
            for sink, issuers in sinks.items():
                if positions[position] in issuers and (position, sink) not in known:
                    yield {"position": position, "sink": sink}


def _overtaking(change: StatusInterval) -> Mapping[str, object]:
    return {"of_serial": change.serial, "of_position": change.position}


def _showing(receipt: Receipt) -> Mapping[str, object]:
    values = {"shown_at": receipt.shown_at, "sha256": receipt.sha256}
    return values | {"of_position": receipt.position, "of_sink": receipt.sink}
