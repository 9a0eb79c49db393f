"""A release with one schema revision more than this one."""

import shutil
from pathlib import Path

from pki.store import engine, migrate

REVISION = "0002"

LATER = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cards", sa.Column("colour", sa.Text))
    op.execute("UPDATE cards SET colour = 'blue'")
    op.create_table("colours", sa.Column("name", sa.Text, primary_key=True))
    op.execute("INSERT INTO colours SELECT DISTINCT colour FROM cards")
    op.create_index("cards_by_colour", "cards", ["colour"])


def downgrade() -> None:
    op.drop_index("cards_by_colour")
    op.drop_table("colours")
    op.drop_column("cards", "colour")
"""

PATCHES = ((migrate, "SCHEMA_REVISION"), (engine, "SCHEMA_REVISION"))
"""What a process has as `REVISION` that is of this release, with `migrate._SCRIPTS`."""


def make_scripts(folder: Path) -> Path:
    """The migrations of that release."""
    scripts = folder / "migrations"
    shutil.copytree(Path(migrate.__file__).with_name("migrations"), scripts)
    (scripts / "versions/r0002_later.py").write_text(LATER, "utf-8")
    return scripts
