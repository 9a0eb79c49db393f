"""Notices: what an organisation is told of the cards that it manages."""
