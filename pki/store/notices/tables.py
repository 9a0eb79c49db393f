"""The tables of notices and of the organisations' contacts."""

from typing import Final

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from pki.domain.identifiers import CardId, NoticeId, OrganisationId
from pki.domain.notices.addresses import EmailAddress
from pki.domain.notices.records import MailState, NoticeKind
from pki.store.columns import Choice, Id, Moment
from pki.store.schema import metadata

UNDER_WAY: Final = text("mail IN ('waiting', 'claimed', 'handed-over')")
"""Never bound: engines use a partial index only when its condition stands in the query."""

notices: Final = Table(
    "notices",
    metadata,
    Column("id", Id(NoticeId), primary_key=True),
    Column("kind", Choice(NoticeKind), nullable=False),
    Column("card_id", Id(CardId), ForeignKey("cards.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("organisation_id", Id(OrganisationId), ForeignKey("organisations.id"), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("mail", Choice(MailState), nullable=False),
    Column("mail_at", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Moment, nullable=False),
    Column("letter", Text),
    Column("why", Text),
    Column("acknowledged_at", Moment),
    UniqueConstraint("card_id", "kind", "at", "organisation_id"),
    Index("notices_by_organisation", "organisation_id", "made_at", "id"),
    Index("notices_by_letter", "letter"),
    Index(
        "notices_under_way",
        "mail",
        "organisation_id",
        sqlite_where=UNDER_WAY,
        postgresql_where=UNDER_WAY,
    ),
)

contacts: Final = Table(
    "notice_contacts",
    metadata,
    Column("organisation_id", Id(OrganisationId), ForeignKey("organisations.id"), primary_key=True),
    Column("email", Id(EmailAddress)),
    Column("feed_sha256", LargeBinary, unique=True),
)
