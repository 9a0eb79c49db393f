"""The table of receipts."""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text, text

from pki.store.columns import Moment
from pki.store.schema import metadata

AWAITED: Final = text("shown_at IS NULL AND superseded_by IS NULL")
"""Never bound: engines use a partial index only when its condition stands in the query."""

receipts: Final = Table(
    "receipts",
    metadata,
    Column("position", BigInteger, ForeignKey("journal.position"), primary_key=True),
    Column("sink", Text, primary_key=True),
    Column("shown_at", Moment),
    Column("sha256", LargeBinary),
    Column("superseded_by", BigInteger),
    Index("receipts_awaited", "position", sqlite_where=AWAITED, postgresql_where=AWAITED),
)
