"""The tables of notices as the first schema has them; what changes later is a migration."""

import sqlalchemy as sa
from alembic import op


def make_notices() -> None:
    """Make them; part of migration 0001."""
    op.create_table(
        "notices",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("card_id", sa.Text, sa.ForeignKey("cards.id"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("organisation_id", sa.Text, sa.ForeignKey("organisations.id"), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("mail", sa.Text, nullable=False),
        sa.Column("mail_at", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.BigInteger, nullable=False),
        sa.Column("letter", sa.Text),
        sa.Column("why", sa.Text),
        sa.Column("acknowledged_at", sa.BigInteger),
        sa.UniqueConstraint("card_id", "kind", "at", "organisation_id"),
    )
    op.create_index("notices_by_organisation", "notices", ["organisation_id", "made_at", "id"])
    op.create_index("notices_by_letter", "notices", ["letter"])
    under_way = sa.text("mail IN ('waiting', 'claimed', 'handed-over')")
    op.create_index(
        "notices_under_way",
        "notices",
        ["mail", "organisation_id"],
        sqlite_where=under_way,
        postgresql_where=under_way,
    )
    op.create_table(
        "notice_contacts",
        sa.Column("organisation_id", sa.Text, sa.ForeignKey("organisations.id"), primary_key=True),
        sa.Column("email", sa.Text),
        sa.Column("feed_sha256", sa.LargeBinary, unique=True),
    )
