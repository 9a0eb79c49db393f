"""The tables of people's attributes."""

from typing import Final

from sqlalchemy import Column, Index, Table, Text, UniqueConstraint

from pki.domain.identifiers import AttributeId, PersonId, Ura
from pki.store.columns import Id, Moment
from pki.store.schema import metadata

attributes: Final = Table(
    "attributes",
    metadata,
    Column("id", Id(AttributeId), primary_key=True),
    Column("person_id", Id(PersonId), nullable=False),
    Column("ura", Id(Ura), nullable=False),
    Column("type", Text, nullable=False),
    Column("task_code", Text, nullable=False),
    Column("since", Moment, nullable=False),
    UniqueConstraint("person_id", "ura", "type", "task_code"),
    Index("attributes_by_organisation", "ura"),
)
