"""Notices: what organisations are told of their cards, and where it goes."""
