"""What happens between the first change of a transaction and its COMMIT."""
