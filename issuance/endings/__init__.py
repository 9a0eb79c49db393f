"""Cards in use that come to their end by themselves."""
