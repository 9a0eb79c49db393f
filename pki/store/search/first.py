"""What keeps searches quick, in the first schema."""

from alembic import op


def make_search() -> None:
    """Make the indexes by which cards are found in an order."""
    op.create_index("cards_by_order", "cards", ["ordered_at", "id"])
    op.create_index("cards_by_state_order", "cards", ["state", "ordered_at", "id"])
    op.create_index("certificates_by_end", "certificates", ["not_after", "status"])
