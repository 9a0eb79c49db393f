"""What PostgreSQL's own programs do for a store."""
