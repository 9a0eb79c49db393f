"""The first schema."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from pki.store.leases.first import make_leases
from pki.store.notices.first import make_notices
from pki.store.people.first import make_people
from pki.store.receipts.first import make_receipts
from pki.store.search.first import make_search
from pki.store.short_lived.first import make_logins

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table, the first journal head, and the guards."""
    _single_rows()
    _journal()
    make_people()
    _cards()
    _certificates()
    _status()
    _short_lived()
    make_logins()
    make_receipts()
    make_leases()
    make_notices()
    make_search()
    for statement in _guards():
        op.execute(statement)


def _guards() -> list[str]:
    """The journal grows by what follows its last entry; a status interval is only ended."""
    engine = op.get_bind().dialect.name
    text = Path(__file__).with_name(f"r0001_guards.{engine}.sql").read_text(encoding="utf-8")
    return text.split("\n\n")


def _partial(name: str, table: str, columns: list[str], *, where: str, unique: bool) -> None:
    condition = sa.text(where)
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition
    )


def _only_row() -> sa.Column[int]:
    return sa.Column("id", sa.SmallInteger, sa.CheckConstraint("id = 1"), primary_key=True)


def _single_rows() -> None:
    op.create_table(
        "installation",
        _only_row(),
        sa.Column("installation", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
    )
    head = op.create_table(
        "journal_head",
        _only_row(),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("at", "missing", "confirmed")),
    )
    op.bulk_insert(head, [{"id": 1, "position": 0, "digest": bytes(32)}])
    op.create_table("heartbeat", _only_row(), sa.Column("at", sa.BigInteger, nullable=False))
    op.create_table(
        "checkpoints",
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("signed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("ura", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )


def _cards() -> None:
    op.create_table(
        "cards",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("ura", sa.Text, nullable=False),
        sa.Column("card_number", sa.Text, nullable=False),
        sa.Column("order_key", sa.Text, nullable=False, unique=True),
        sa.Column("ordered_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("state_at", sa.BigInteger, nullable=False),
        sa.Column("serial", sa.LargeBinary(20), unique=True),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("compromised_since", sa.BigInteger),
        sa.Column("reason", sa.Text),
    )
    live = "state IN ('aangevraagd', 'uitgegeven', 'actief', 'geblokkeerd')"
    _partial("cards_one_live", "cards", ["person_id"], where=live, unique=True)
    in_use = "state <> 'vervallen'"
    _partial("cards_number_in_use", "cards", ["card_number"], where=in_use, unique=True)
    op.create_index("cards_by_person", "cards", ["person_id"])
    op.create_index("cards_by_number", "cards", ["card_number"])
    op.create_index("cards_by_state", "cards", ["state", "state_at"])
    op.create_table(
        "card_links",
        sa.Column("card_id", sa.Text, sa.ForeignKey("cards.id"), primary_key=True),
        sa.Column("organisation_id", sa.Text, sa.ForeignKey("organisations.id"), primary_key=True),
        sa.Column("since", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("ordered_at", sa.BigInteger, nullable=False),
    )
    both = ["card_id", "organisation_id"]
    _partial("card_links_open", "card_links", both, where="until IS NULL", unique=True)


def _certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("serial", sa.LargeBinary(20), primary_key=True),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("card_id", sa.Text, sa.ForeignKey("cards.id")),
        sa.Column("mobiel_id", sa.Text),
        sa.Column("tbs", sa.LargeBinary, nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("key_sha256", sa.LargeBinary, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("created_at", "lease_until")),
        *(sa.Column(name, sa.BigInteger) for name in ("not_before", "not_after")),
        sa.Column("der", sa.LargeBinary),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("status_at", sa.BigInteger),
        sa.Column("status_reason", sa.SmallInteger),
        sa.Column("compromised_since", sa.BigInteger),
        sa.CheckConstraint("(card_id IS NULL) <> (mobiel_id IS NULL)"),
    )
    shown = ["status", "status_at", "status_reason", "compromised_since"]
    listed = ["issuer", "serial", *shown, "not_after"]
    on_crl = "status IN ('hold', 'revoked')"
    _partial("certificates_listed", "certificates", listed, where=on_crl, unique=False)
    due = "der IS NULL AND status = 'unconfirmed'"
    _partial("certificates_open_intents", "certificates", ["lease_until"], where=due, unique=False)
    op.create_index("certificates_by_card", "certificates", ["card_id"])
    op.create_index("certificates_by_mobiel", "certificates", ["mobiel_id"])
    op.create_index("certificates_by_key", "certificates", ["key_sha256"])
    op.create_table(
        "keys_seen",
        sa.Column("key_sha256", sa.LargeBinary, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    serial = sa.ForeignKey("certificates.serial")
    op.create_table(
        "attestations",
        sa.Column("serial", sa.LargeBinary(20), serial, primary_key=True),
        sa.Column("place", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("der", sa.LargeBinary, nullable=False),
    )


def _status() -> None:
    serial = sa.ForeignKey("certificates.serial")
    op.create_table(
        "status_intervals",
        sa.Column("serial", sa.LargeBinary(20), serial, primary_key=True),
        sa.Column("position", sa.BigInteger, sa.ForeignKey("journal.position"), primary_key=True),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("status_at", sa.BigInteger),
        sa.Column("status_reason", sa.SmallInteger),
        sa.Column("compromised_since", sa.BigInteger),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("ura", sa.Text),
    )
    op.create_index("status_intervals_by_position", "status_intervals", ["position"])
    current = "until IS NULL"
    table = "status_intervals"
    _partial("status_intervals_open", table, ["serial"], where=current, unique=True)
    op.create_table(
        "crls",
        sa.Column("issuer", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("this_update", sa.BigInteger, nullable=False),
        sa.Column("next_update", sa.BigInteger, nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("upto", sa.BigInteger, nullable=False),
        sa.Column("layout", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "crl_pieces",
        sa.Column("sha256", sa.LargeBinary, primary_key=True),
        sa.Column("octets", sa.LargeBinary, nullable=False),
    )


def _short_lived() -> None:
    op.create_table(
        "challenges",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("card_id", sa.Text),
    )
    op.create_index("challenges_by_expiry", "challenges", ["expires_at"])
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("token_sha256", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("uzi_name", sa.Text, nullable=False),
        sa.Column("surname", sa.Text, nullable=False),
        sa.Column("given_names", sa.Text, nullable=False),
        sa.Column("common_name", sa.Text, nullable=False),
        sa.Column("organisation_name", sa.Text, nullable=False),
        sa.Column("certificate_sha256", sa.LargeBinary, nullable=False),
        sa.Column("not_after", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("sessions_by_expiry", "sessions", ["expires_at"])
    op.create_table(
        "answers",
        sa.Column("asker", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("request_sha256", sa.LargeBinary, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("answers_by_expiry", "answers", ["expires_at"])
