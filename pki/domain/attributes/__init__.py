"""What people do for organisations, as far as administrators say so."""
