"""What time does to a card."""
