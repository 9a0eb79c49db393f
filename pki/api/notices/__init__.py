"""Bodies about notices."""
