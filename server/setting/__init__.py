"""Pieces of the configuration: types of values, and sections that stand in several places."""
