"""Questions about what the store holds."""
