"""What lies in a card reader."""
