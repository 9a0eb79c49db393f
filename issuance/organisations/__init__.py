"""Organisations: prepared, finished by their representative, closed, merged."""
