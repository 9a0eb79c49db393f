"""Proofs by makers of cards that a certificate's key was made on the card."""
