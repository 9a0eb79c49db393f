"""The table of checkpoints."""

from typing import Final

from sqlalchemy import BigInteger, Column, LargeBinary, Table

from pki.store.columns import Moment
from pki.store.schema import metadata

checkpoints: Final = Table(
    "checkpoints",
    metadata,
    Column("at", Moment, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("signed", LargeBinary, nullable=False),
)
