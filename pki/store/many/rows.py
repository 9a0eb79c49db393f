"""One statement for many rows: the database is asked once for all of them."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from pki.store.short_lived.writing import ShortLivedWrites


class RowWrites(ShortLivedWrites):
    """The part of a change that writes many rows alike."""

    def _write_rows(
        self, statement: sa.Insert | sa.Update, rows: Iterable[Mapping[str, object]]
    ) -> None:
        """The statement once for each row, in their order; none for no row."""
        values = list(rows)
        if not values:
            return
        with self._statement() as connection:
            connection.execute(statement, values)
