"""HTTP/1.1 for the status services: small, bounded, and nothing but whole requests and answers."""
