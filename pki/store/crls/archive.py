"""Reading CRLs of the past: every one that was published is kept."""

from datetime import datetime

from sqlalchemy import select

from pki.domain.identifiers import IssuerId
from pki.domain.records import KeptCrl, PublishedCrl
from pki.store import schema
from pki.store.crls.reading import CrlReads


class CrlArchive(CrlReads):
    """Adds finding a CRL by its number, and what there was at a time."""

    def crl_numbered(self, issuer: IssuerId, number: int) -> PublishedCrl | None:
        """The CRL of ``issuer`` with this number.

        Raises:
            IntegrityBroken: a piece of it is missing.
        """
        table = schema.crls
        query = select(table).where(table.c.issuer == issuer, table.c.number == number)
        row = self._row(query)
        return None if row is None else self._published(row)

    def kept_crls(
        self, issuer: IssuerId, *, at: datetime | None = None, limit: int
    ) -> tuple[KeptCrl, ...]:
        """CRLs of ``issuer``, the newest first; with ``at``, those in force at that moment.

        The first of them is then the one that whoever fetched it at that moment got.
        """
        table = schema.crls
        query = select(
            table.c.issuer,
            table.c.number,
            table.c.this_update,
            table.c.next_update,
            table.c.entries,
            table.c.upto,
        ).where(table.c.issuer == issuer)
        if at is not None:
            query = query.where(table.c.this_update <= at, table.c.next_update > at)
        rows = self._rows(query.order_by(table.c.number.desc()).limit(limit))
        return tuple(
            KeptCrl(
                issuer=row.issuer,
                number=row.number,
                this_update=row.this_update,
                next_update=row.next_update,
                entries=row.entries,
                upto=row.upto,
            )
            for row in rows
        )
