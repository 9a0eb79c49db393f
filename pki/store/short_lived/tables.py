"""The table of answers; the other short-lived ones stand in `pki.store.schema`."""

from typing import Final

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from pki.domain.identifiers import IdempotencyKey, PersonId
from pki.store.columns import Id, Moment
from pki.store.schema import metadata

answers: Final = Table(
    "answers",
    metadata,
    Column("asker", Id(PersonId), primary_key=True),
    Column("key", Id(IdempotencyKey), primary_key=True),
    Column("request_sha256", LargeBinary, nullable=False),
    Column("text", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("answers_by_expiry", "expires_at"),
)
