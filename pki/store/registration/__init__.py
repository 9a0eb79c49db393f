"""Who manages cards, and who will."""
