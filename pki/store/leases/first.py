"""The table of leases, as the first schema has it."""

import sqlalchemy as sa
from alembic import op


def make_leases() -> None:
    """Make it."""
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("token", "until")),
    )
