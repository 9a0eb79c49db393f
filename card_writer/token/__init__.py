"""Administration of a card by its holder: look, change the PIN, unblock it, test, make blank."""
