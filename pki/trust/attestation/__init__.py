"""Proofs by makers of cards that a key was made on a card of theirs."""
