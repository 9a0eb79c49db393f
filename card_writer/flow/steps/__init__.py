"""What making a card consists of."""
