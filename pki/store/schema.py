"""The tables, as queries see them; `migrations` makes them, and a test holds the two together.

Facts change in place; `journal` and `status_intervals` only grow, which triggers in the database
enforce. Personal data stands in `persons` (and, while it is needed, in `sessions` and the
certificates): no other table has a foreign key on `persons`, so that a person's row can go and
everything else stays.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from pki.domain.identifiers import (
    CardId,
    CardNumber,
    ChallengeId,
    IdempotencyKey,
    IssuerId,
    MobielId,
    OrganisationId,
    PersonId,
    SessionId,
    Ura,
    UziNumber,
)
from pki.domain.people import OrganisationKind, OrganisationState, Role
from pki.domain.records import ChallengePurpose
from pki.store.columns import Choice, Id, Moment, Serial

SCHEMA_REVISION: Final = "0001"
"""The revision this release reads and writes: four digits, and they only grow."""

LIVE_STATES: Final = text("state IN ('aangevraagd', 'uitgegeven', 'actief', 'geblokkeerd')")
CURRENT: Final = text("until IS NULL")
LISTED_STATUSES: Final = text("status IN ('hold', 'revoked')")
"""Never bound: engines use a partial index only when its condition stands in the query."""

metadata: Final = MetaData()


def _only_row() -> Column[int]:
    return Column("id", SmallInteger, CheckConstraint("id = 1"), primary_key=True)


installation = Table(
    "installation",
    metadata,
    _only_row(),
    Column("installation", Text, nullable=False),
    Column("kind", Text, nullable=False),
)

journal_head = Table(
    "journal_head",
    metadata,
    _only_row(),
    Column("position", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("at", Moment),
    *(Column(name, BigInteger) for name in ("missing", "confirmed")),  # pki.store.history says
)

heartbeat = Table("heartbeat", metadata, _only_row(), Column("at", Moment, nullable=False))

journal = Table(
    "journal",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("ura", Text),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    *(Column(name, LargeBinary, nullable=False) for name in ("previous", "digest")),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

persons = Table(
    "persons",
    metadata,
    Column("id", Id(PersonId), primary_key=True),
    Column("uzi_number", Id(UziNumber), nullable=False, unique=True),
    Column("surname", Text, nullable=False),
    Column("surname_key", LargeBinary, nullable=False),
    Column("given_names", Text, nullable=False),
    Column("common_name", Text, nullable=False),
    Column("sealed_birth_date", LargeBinary, nullable=False),
)

organisations = Table(
    "organisations",
    metadata,
    Column("id", Id(OrganisationId), primary_key=True),
    Column("ura", Id(Ura), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("state", Choice(OrganisationState), nullable=False),
    Column("kind", Choice(OrganisationKind), nullable=False),
    Column("successor", Id(OrganisationId), ForeignKey("organisations.id")),
)

operators = Table(
    "operators",
    metadata,
    Column("certificate_sha256", LargeBinary, primary_key=True),
    Column("id", Id(PersonId), nullable=False),
    Column("role", Choice(Role), nullable=False),
    Column("ura", Id(Ura)),
    Column("supplier", Text),
    Column("blocked_at", Moment),
    Column("seen_at", Moment),
)

cards = Table(
    "cards",
    metadata,
    Column("id", Id(CardId), primary_key=True),
    Column("person_id", Id(PersonId), nullable=False),
    Column("ura", Id(Ura), nullable=False),
    Column("card_number", Id(CardNumber), nullable=False),
    Column("order_key", Id(IdempotencyKey), nullable=False, unique=True),
    Column("ordered_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_at", Moment, nullable=False),
    Column("serial", Serial, unique=True),
    Column("revoked_at", Moment),
    Column("compromised_since", Moment),
    Column("reason", Text),
    Index(
        "cards_one_live",
        "person_id",
        unique=True,
        sqlite_where=LIVE_STATES,
        postgresql_where=LIVE_STATES,
    ),
    Index("cards_by_person", "person_id"),
    Index(
        "cards_number_in_use",
        "card_number",
        unique=True,
        sqlite_where=text("state <> 'vervallen'"),
        postgresql_where=text("state <> 'vervallen'"),
    ),
    Index("cards_by_number", "card_number"),
    Index("cards_by_state", "state", "state_at"),
)

card_links = Table(
    "card_links",
    metadata,
    Column("card_id", Id(CardId), ForeignKey("cards.id"), primary_key=True),
    Column("organisation_id", Id(OrganisationId), ForeignKey("organisations.id"), primary_key=True),
    Column("since", Moment, primary_key=True),
    Column("until", Moment),
    Column("ordered_at", Moment, nullable=False),
    Index(
        "card_links_open",
        "card_id",
        "organisation_id",
        unique=True,
        sqlite_where=CURRENT,
        postgresql_where=CURRENT,
    ),
)

certificates = Table(
    "certificates",
    metadata,
    Column("serial", Serial, primary_key=True),
    Column("issuer", Id(IssuerId), nullable=False),
    Column("card_id", Id(CardId), ForeignKey("cards.id")),
    Column("mobiel_id", Id(MobielId)),
    Column("tbs", LargeBinary, nullable=False),
    Column("profile", Text, nullable=False),
    Column("key_sha256", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("lease_until", Moment, nullable=False),
    *(Column(name, Moment) for name in ("not_before", "not_after")),
    Column("der", LargeBinary),
    Column("status", Text, nullable=False),
    Column("status_at", Moment),
    Column("status_reason", SmallInteger),
    Column("compromised_since", Moment),
    Index(
        "certificates_listed",
        "issuer",
        "serial",
        "status",
        "status_at",
        "status_reason",
        "compromised_since",
        "not_after",
        sqlite_where=LISTED_STATUSES,
        postgresql_where=LISTED_STATUSES,
    ),
    Index(
        "certificates_open_intents",
        "lease_until",
        sqlite_where=text("der IS NULL AND status = 'unconfirmed'"),
        postgresql_where=text("der IS NULL AND status = 'unconfirmed'"),
    ),
    *(Index(f"certificates_by_{what}", f"{what}_id") for what in ("card", "mobiel")),
    Index("certificates_by_key", "key_sha256"),
    CheckConstraint("(card_id IS NULL) <> (mobiel_id IS NULL)"),
)

status_intervals = Table(
    "status_intervals",
    metadata,
    Column("serial", Serial, ForeignKey("certificates.serial"), primary_key=True),
    Column("position", BigInteger, ForeignKey("journal.position"), primary_key=True),
    Column("issuer", Id(IssuerId), nullable=False),
    Column("status", Text, nullable=False),
    Column("status_at", Moment),
    Column("status_reason", SmallInteger),
    Column("compromised_since", Moment),
    Column("since", Moment, nullable=False),
    Column("until", Moment),
    Column("actor", Text, nullable=False),
    Column("ura", Text),
    Index("status_intervals_by_position", "position"),
    Index(
        "status_intervals_open",
        "serial",
        unique=True,
        sqlite_where=CURRENT,
        postgresql_where=CURRENT,
    ),
)

keys_seen = Table(
    "keys_seen",
    metadata,
    Column("key_sha256", LargeBinary, primary_key=True),
    Column("at", Moment, nullable=False),
)

crls = Table(
    "crls",
    metadata,
    Column("issuer", Id(IssuerId), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    *(Column(name, Moment, nullable=False) for name in ("this_update", "next_update")),
    Column("entries", Integer, nullable=False),
    Column("upto", BigInteger, nullable=False),
    Column("layout", LargeBinary, nullable=False),
)

crl_pieces = Table(
    "crl_pieces",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("octets", LargeBinary, nullable=False),
)
"""``crls.layout`` names the pieces of a CRL, 32 octets each: what did not change is kept once."""

challenges = Table(
    "challenges",
    metadata,
    Column("id", Id(ChallengeId), primary_key=True),
    Column("purpose", Choice(ChallengePurpose), nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("card_id", Id(CardId)),
    Index("challenges_by_expiry", "expires_at"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Id(SessionId), primary_key=True),
    Column("token_sha256", LargeBinary, nullable=False),
    Column("uzi_name", Text, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("surname", "given_names", "common_name")),
    Column("organisation_name", Text, nullable=False),
    Column("certificate_sha256", LargeBinary, nullable=False),
    Column("not_after", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    UniqueConstraint("token_sha256"),
    Index("sessions_by_expiry", "expires_at"),
)
