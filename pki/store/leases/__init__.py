"""Leases: which process runs what only one may run."""
