"""Revoking many certificates at once: the list, the order of two people, and carrying it out."""
