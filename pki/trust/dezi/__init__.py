"""Statements of Dezi (verklaringen): signed JWTs."""
