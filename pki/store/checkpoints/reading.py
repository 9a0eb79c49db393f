"""Reading checkpoints."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from pki.domain.errors import Malformed
from pki.domain.evidence.checkpoints import SignedCheckpoint
from pki.domain.evidence.published import Listed, month_bounds, month_of
from pki.store.attestations.reading import AttestationReads
from pki.store.checkpoints.tables import checkpoints


class CheckpointReads(AttestationReads):
    """Adds checkpoints."""

    def latest_checkpoint(self) -> SignedCheckpoint | None:
        """The one that was made last, or None before the first."""
        row = self._row(select(checkpoints).order_by(checkpoints.c.at.desc()).limit(1))
        return None if row is None else _signed(row)

    def checkpoint_at(self, at: datetime) -> SignedCheckpoint | None:
        """The one of this moment."""
        row = self._row(select(checkpoints).where(checkpoints.c.at == at))
        return None if row is None else _signed(row)

    def checkpoints_after(self, at: datetime | None, limit: int) -> Sequence[SignedCheckpoint]:
        """Those made after this moment (None: all), the oldest first, ``limit`` at most."""
        query = select(checkpoints).order_by(checkpoints.c.at).limit(limit)
        if at is not None:
            query = query.where(checkpoints.c.at > at)
        return tuple(map(_signed, self._rows(query)))

    def checkpoint_months(self) -> Sequence[str]:
        """Every month that has one, in order; one look at an index for each."""
        return tuple(self._months())

    def checkpoints_of(self, month: str) -> Sequence[Listed]:
        """What was made in a month, the oldest first.

        Raises:
            Malformed: that is no month.
        """
        begins, ends = month_bounds(month)
        table = checkpoints
        query = (
            select(table.c.at, table.c.position)
            .where(table.c.at >= begins, table.c.at < ends)
            .order_by(table.c.at)
        )
        return tuple(Listed(at=row.at, position=row.position) for row in self._rows(query))

    def _months(self) -> Iterator[str]:
        query = select(func.min(checkpoints.c.at).label("at"))
        row = self._row(query)
        while row is not None and row.at is not None:
            month = month_of(row.at)
            yield month
            try:
                following = month_bounds(month)[1]
            except Malformed:
                return
            row = self._row(query.where(checkpoints.c.at >= following))


def _signed(row: Any) -> SignedCheckpoint:  # noqa: ANN401 -- a row of the table, typed by its columns
    return SignedCheckpoint(position=row.position, at=row.at, signed=row.signed)
