"""Checkpoints of the journal: made by issuance, served by status nodes, verified anywhere."""
