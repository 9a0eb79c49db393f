"""Looking for cards."""
