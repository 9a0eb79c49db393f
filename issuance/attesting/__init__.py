"""Whether a card's key must be proven to have been made on it."""
