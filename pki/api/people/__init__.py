"""Bodies about people: what they do for organisations, and how they are known."""
