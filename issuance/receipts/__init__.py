"""What became of a change."""
