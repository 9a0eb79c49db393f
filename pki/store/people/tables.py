"""The tables of people's attributes and of ZORG-ID Mobiel."""

from typing import Final

from sqlalchemy import Column, Index, LargeBinary, Table, Text, UniqueConstraint, text

from pki.domain.identifiers import AttributeId, IssuerId, MobielId, PersonId, Ura
from pki.domain.mobiel.records import MobielState
from pki.store.columns import Choice, Id, Moment, Serial
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

LIVE_MOBIEL: Final = text("state IN ('geregistreerd', 'geblokkeerd')")
"""Not bound, as `schema.LIVE_STATES`."""

mobiel: Final = Table(
    "mobiel",
    metadata,
    Column("id", Id(MobielId), primary_key=True),
    Column("person_id", Id(PersonId), nullable=False),
    Column("ura", Id(Ura), nullable=False),
    Column("issuer", Id(IssuerId), nullable=False),
    Column("serial", Serial, nullable=False, unique=True),
    Column("certificate_sha256", LargeBinary, nullable=False, unique=True),
    Column("state", Choice(MobielState), nullable=False),
    Column("registered_at", Moment, nullable=False),
    Column("state_at", Moment, nullable=False),
    Column("seen_at", Moment),
    Index(
        "mobiel_one_live",
        "person_id",
        unique=True,
        sqlite_where=LIVE_MOBIEL,
        postgresql_where=LIVE_MOBIEL,
    ),
    Index("mobiel_by_organisation", "ura"),
)
"""Triggers let no person have a row of these and a card that are both live."""

invitations: Final = Table(
    "mobiel_invitations",
    metadata,
    Column("id", Id(MobielId), primary_key=True),
    Column("code_sha256", LargeBinary, nullable=False, unique=True),
    Column("person_id", Id(PersonId), nullable=False, unique=True),
    Column("ura", Id(Ura), nullable=False),
    Column("expires_at", Moment, nullable=False),
)

telephones: Final = Table(
    "mobiel_certificates",
    metadata,
    Column("certificate_sha256", LargeBinary, primary_key=True),
    Column("mobiel_id", Id(MobielId), nullable=False),
    Column("serial", Serial, nullable=False, unique=True),
    Column("code_sha256", LargeBinary, nullable=False, unique=True),
)
"""Each certificate that left here, with the code that it was redeemed with."""
