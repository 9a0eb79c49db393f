"""What is kept for a while: sessions, and the answers to changes."""
