"""CRLs in the store: each of them for ever, in pieces that those of one list share."""
