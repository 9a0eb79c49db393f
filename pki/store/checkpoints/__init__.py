"""Signed checkpoints of the journal: each of them for ever."""
