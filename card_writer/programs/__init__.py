"""What a desk is run with: its settings, its words, and the person at a terminal."""
