"""Routes about people besides their cards."""
