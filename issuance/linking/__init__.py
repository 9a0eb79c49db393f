"""Linking cards to organisations, and ending those that nobody manages any more."""
