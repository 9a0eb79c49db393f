"""Whether the journal that is written on is the one that was acknowledged before."""
