"""The table of receipts as the first schema has it; what changes later is a migration."""

import sqlalchemy as sa
from alembic import op


def make_receipts() -> None:
    """Make it; part of migration 0001."""
    op.create_table(
        "receipts",
        sa.Column(
            "position",
            sa.BigInteger,
            sa.ForeignKey("journal.position"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("sink", sa.Text, primary_key=True),
        sa.Column("shown_at", sa.BigInteger),
        sa.Column("sha256", sa.LargeBinary),
        sa.Column("superseded_by", sa.BigInteger),
    )
    awaited = sa.text("shown_at IS NULL AND superseded_by IS NULL")
    op.create_index(
        "receipts_awaited",
        "receipts",
        ["position"],
        sqlite_where=awaited,
        postgresql_where=awaited,
    )
