"""Reading what a CRL lists, and the CRLs that were published."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, Final

from sqlalchemy import BigInteger, LargeBinary, Row, Select, exists, func, select, type_coerce
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from pki.domain.errors import IntegrityBroken
from pki.domain.identifiers import IssuerId
from pki.domain.records import ChangedCertificate, ListedRow, PublishedCrl
from pki.store import schema
from pki.store.journal_reads import STATUS_COLUMNS, JournalReads, read_status

DIGEST_OCTETS: Final = 32

_PAGE: Final = 1000
"""Rows fetched at a time."""

_PIECES: Final = 16
"""Pieces of a CRL fetched at a time."""


class CrlReads(JournalReads):
    """Adds CRLs and what they are made of."""

    def listed_rows(self, issuer: IssuerId) -> Iterator[ListedRow]:
        """What a CRL of ``issuer`` lists, by serial; to be used up inside the query."""
        table = schema.certificates
        # The columns as they are: for millions of rows, a conversion by the library is what costs.
        query = select(
            type_coerce(table.c.serial, LargeBinary),
            table.c.status,
            type_coerce(table.c.status_at, BigInteger),
            table.c.status_reason,
            type_coerce(table.c.compromised_since, BigInteger),
        ).where(table.c.issuer == issuer, schema.LISTED_STATUSES)
        yield from self._unwrapped(query.order_by(table.c.serial))

    def _unwrapped(self, query: Select[Any]) -> Iterator[Any]:
        """Rows as the driver gives them, where it streams by itself: wrapping them costs most."""
        if self._connection.dialect.name != "sqlite":
            yield from self._stream(query)
            return
        with self._statement() as connection:
            result = connection.execute(query)
            self._close_later(result.close)
            yield from _driver_rows(result.cursor)

    def good_serials(
        self, issuer: IssuerId, after: bytes, limit: int, at: datetime
    ) -> tuple[bytes, ...]:
        """Serials (20 octets) above ``after``, in order: good, and not expired at ``at``."""
        table = schema.certificates
        column = type_coerce(table.c.serial, LargeBinary)
        query = select(column).where(column > after, table.c.issuer == issuer)
        query = query.where(table.c.status == "good", table.c.not_after > at)
        return tuple(row[0] for row in self._rows(query.order_by(column).limit(limit)))

    def changed(self, issuer: IssuerId, after: int) -> Iterator[ChangedCertificate]:
        """Certificates of ``issuer`` whose status changed after journal position ``after``.

        Each once, by serial, with its status of now; to be used up inside the query.
        """
        table, intervals = schema.certificates, schema.status_intervals
        recent = select(intervals.c.serial).where(intervals.c.position > after)
        held = exists().where(intervals.c.serial == table.c.serial, intervals.c.status == "hold")
        query = select(
            table.c.serial,
            *(table.c[name] for name in STATUS_COLUMNS),
            held.label("was_held"),
        ).where(table.c.issuer == issuer, table.c.serial.in_(recent))
        for row in self._stream(query.order_by(table.c.serial)):
            yield ChangedCertificate(
                serial=row.serial, status=read_status(row), was_held=bool(row.was_held)
            )

    def last_ends(self, issuer: IssuerId) -> tuple[datetime | None, datetime | None]:
        """When the last certificate of ``issuer`` ends, and the last that is not revoked."""
        table = schema.certificates
        query = select(func.max(table.c.not_after).label("until")).where(table.c.issuer == issuer)
        every = self._row(query)
        trusted = self._row(query.where(table.c.status != "revoked"))
        return every and every.until, trusted and trusted.until

    def latest_crl_number(self, issuer: IssuerId) -> int:
        """The highest number of a CRL of ``issuer``; 0 before the first."""
        table = schema.crls
        row = self._row(select(func.max(table.c.number)).where(table.c.issuer == issuer))
        return 0 if row is None or row[0] is None else int(row[0])

    def latest_crl(self, issuer: IssuerId) -> PublishedCrl | None:
        """The CRL of ``issuer`` with the highest number.

        Raises:
            IntegrityBroken: a piece of it is missing.
        """
        table = schema.crls
        query = select(table).where(table.c.issuer == issuer)
        row = self._row(query.order_by(table.c.number.desc()).limit(1))
        return None if row is None else self._published(row)

    def _published(self, row: Row[Any]) -> PublishedCrl:
        return PublishedCrl(
            issuer=row.issuer,
            number=row.number,
            this_update=row.this_update,
            next_update=row.next_update,
            der=self._whole(row.layout),
            entries=row.entries,
            upto=row.upto,
        )

    def crl_base(self, issuer: IssuerId, at: datetime) -> tuple[int, int] | None:
        """Number and ``upto`` of the newest CRL made at ``at`` or before, else of the oldest."""
        table = schema.crls
        query = select(table.c.number, table.c.upto).where(table.c.issuer == issuer)
        before = query.where(table.c.this_update <= at).order_by(table.c.number.desc())
        row = self._row(before.limit(1)) or self._row(query.order_by(table.c.number).limit(1))
        return None if row is None else (row.number, row.upto)

    def pieces_kept(self, digests: Sequence[bytes]) -> set[bytes]:
        """Which of these pieces are kept."""
        table = schema.crl_pieces
        rows = self._rows(select(table.c.sha256).where(table.c.sha256.in_(digests)))
        return {bytes(row.sha256) for row in rows}

    def _whole(self, layout: bytes) -> bytes:
        """The pieces joined, with little more than one copy of them in memory at a time."""
        whole = BytesIO()
        step = DIGEST_OCTETS * _PIECES
        for start in range(0, len(layout), step):
            for piece in self._pieces(layout[start : start + step]):
                whole.write(piece)
        return whole.getvalue()

    def _pieces(self, layout: bytes) -> list[bytes]:
        digests = [
            layout[start : start + DIGEST_OCTETS] for start in range(0, len(layout), DIGEST_OCTETS)
        ]
        table = schema.crl_pieces
        rows = self._rows(select(table).where(table.c.sha256.in_(digests)))
        found = {bytes(row.sha256): row.octets for row in rows}
        if not found.keys() >= set(digests):
            raise IntegrityBroken(
                message="a piece of a published CRL is missing",
                next_step="restore the store from its last backup",
            )
        return [found[digest] for digest in digests]


def _driver_rows(cursor: DBAPICursor | None) -> Iterator[Any]:
    if cursor is None:
        raise IntegrityBroken(message="a query of the store gave no rows to read")
    try:
        while page := cursor.fetchmany(_PAGE):
            yield from page
    except sqlite3.Error as error:
        raise DBAPIError.instance(None, None, error, sqlite3.Error) from error
