"""The part of the first schema that is about people, organisations and who acts for them."""

import sqlalchemy as sa
from alembic import op


def make_people() -> None:
    """Make them, inside a migration."""
    _people()
    _operators()
    _attributes()
    _mobiel()


def _people() -> None:
    op.create_table(
        "persons",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("uzi_number", sa.Text, nullable=False, unique=True),
        sa.Column("surname", sa.Text, nullable=False),
        sa.Column("surname_key", sa.LargeBinary, nullable=False),
        sa.Column("given_names", sa.Text, nullable=False),
        sa.Column("common_name", sa.Text, nullable=False),
        sa.Column("sealed_birth_date", sa.LargeBinary, nullable=False),
    )
    op.create_index("persons_by_surname", "persons", ["surname_key"])
    op.create_table(
        "organisations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("ura", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("successor", sa.Text, sa.ForeignKey("organisations.id")),
    )


def _operators() -> None:
    op.create_table(
        "operators",
        sa.Column("certificate_sha256", sa.LargeBinary, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("ura", sa.Text),
        sa.Column("supplier", sa.Text),
        sa.Column("blocked_at", sa.BigInteger),
        sa.Column("seen_at", sa.BigInteger),
    )
    op.create_table(
        "appointments",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("code_sha256", sa.LargeBinary, nullable=False, unique=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("person_id", "role", "ura")),
        sa.Column("supplier", sa.Text),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("appointments_by_person", "appointments", ["person_id"])


def _attributes() -> None:
    named = ("person_id", "ura", "type", "task_code")
    op.create_table(
        "attributes",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in named),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.UniqueConstraint(*named),
    )
    op.create_index("attributes_by_organisation", "attributes", ["ura"])


def _mobiel() -> None:
    op.create_table(
        "mobiel",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("person_id", "ura", "issuer")),
        sa.Column("serial", sa.LargeBinary(20), nullable=False, unique=True),
        sa.Column("certificate_sha256", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("state", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("registered_at", "state_at")),
        sa.Column("seen_at", sa.BigInteger),
    )
    live = sa.text("state IN ('geregistreerd', 'geblokkeerd')")
    op.create_index(
        "mobiel_one_live",
        "mobiel",
        ["person_id"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
    op.create_index("mobiel_by_organisation", "mobiel", ["ura"])
    op.create_table(
        "mobiel_invitations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("code_sha256", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("person_id", sa.Text, nullable=False, unique=True),
        sa.Column("ura", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "mobiel_certificates",
        sa.Column("certificate_sha256", sa.LargeBinary, primary_key=True),
        sa.Column("mobiel_id", sa.Text, nullable=False),
        sa.Column("serial", sa.LargeBinary(20), nullable=False, unique=True),
        sa.Column("code_sha256", sa.LargeBinary, nullable=False, unique=True),
    )
