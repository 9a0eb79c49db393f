"""Who manages cards: taking a mapping back."""
