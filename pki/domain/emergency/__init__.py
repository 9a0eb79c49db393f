"""Many certificates revoked at once, by an order of two people."""
