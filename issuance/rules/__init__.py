"""Rules as values: who may have a card, who may do what, and how a refusal is said. Pure."""
