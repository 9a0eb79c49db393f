"""`zorgid revoke`: many cards at once."""
