"""Making a card from a UZI pass: the dialogue, what it needs, and who carries it out."""
