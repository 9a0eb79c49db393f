"""Revoking many cards at once: the list, the order that two people sign, and carrying it out."""
