"""The table of appointments; those of operators and organisations stand in `pki.store.schema`."""

from typing import Final

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from pki.domain.identifiers import AppointmentId, PersonId, Ura
from pki.domain.people import Role
from pki.store.columns import Choice, Id, Moment
from pki.store.schema import metadata

appointments: Final = Table(
    "appointments",
    metadata,
    Column("id", Id(AppointmentId), primary_key=True),
    Column("code_sha256", LargeBinary, nullable=False, unique=True),
    Column("person_id", Id(PersonId), nullable=False),
    Column("role", Choice(Role), nullable=False),
    Column("ura", Id(Ura), nullable=False),
    Column("supplier", Text),
    Column("expires_at", Moment, nullable=False),
    Index("appointments_by_person", "person_id"),
)
