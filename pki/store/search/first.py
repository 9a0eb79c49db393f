"""What keeps searches quick, in the first schema."""

import sqlalchemy as sa
from alembic import op


def make_search() -> None:
    """Make the indexes by which cards are found in an order."""
    op.create_index("cards_by_order", "cards", ["ordered_at", "id"])
    op.create_index("cards_by_state_order", "cards", ["state", "ordered_at", "id"])
    op.create_index("certificates_by_end", "certificates", ["not_after", "serial", "status"])
    current = sa.text("until IS NULL")
    op.create_index(
        "card_links_by_order",
        "card_links",
        ["organisation_id", "ordered_at", "card_id"],
        sqlite_where=current,
        postgresql_where=current,
    )
    ended = sa.text("until IS NOT NULL")
    op.create_index(
        "card_links_ended",
        "card_links",
        ["card_id", "until"],
        sqlite_where=ended,
        postgresql_where=ended,
    )
