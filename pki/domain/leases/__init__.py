"""Who runs what only one process may run, of those that share a store."""
