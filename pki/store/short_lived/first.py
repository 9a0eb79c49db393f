"""The part of the first schema that is about log-ins."""

import sqlalchemy as sa
from alembic import op


def make_logins() -> None:
    """Make them, inside a migration."""
    op.create_table(
        "logins",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("code_sha256", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("secret_sha256", sa.LargeBinary, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("origin", sa.Text),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("certificate_sha256", sa.LargeBinary),
    )
    op.create_index("logins_by_expiry", "logins", ["expires_at"])
    op.create_table(
        "login_sessions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("token_sha256", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("certificate_sha256", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("login_sessions_by_expiry", "login_sessions", ["expires_at"])
