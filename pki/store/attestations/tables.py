"""The table of their certificates."""

from typing import Final

from sqlalchemy import Column, ForeignKey, LargeBinary, SmallInteger, Table

from pki.store.columns import Serial
from pki.store.schema import metadata

attestations: Final = Table(
    "attestations",
    metadata,
    Column("serial", Serial, ForeignKey("certificates.serial"), primary_key=True),
    Column("place", SmallInteger, primary_key=True, autoincrement=False),
    Column("der", LargeBinary, nullable=False),
)
"""``serial`` is of a certificate of ours, ``place`` counts from 0: the proof, then its issuers."""
