"""What runs once among all processes that share a store, and only while its lease is held."""
