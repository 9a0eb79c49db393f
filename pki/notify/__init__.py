"""Bringing messages to people: bytes to a mail server, and what it said."""
