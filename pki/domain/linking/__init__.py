"""Which organisations a card is linked to, as the journal tells it."""
