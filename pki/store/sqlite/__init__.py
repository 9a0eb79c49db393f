"""What only a store in an SQLite file can do."""
