"""The table of leases. A row stays for ever, so that its token never comes again."""

from typing import Final

from sqlalchemy import BigInteger, Column, Table, Text

from pki.store.schema import metadata

leases: Final = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)
"""``until``: microseconds since 1970 by the database's clock, which all holders have in common."""
