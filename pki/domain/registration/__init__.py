"""Organisations and those who manage cards for them: from preparation to end."""
