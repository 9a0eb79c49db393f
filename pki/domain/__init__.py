"""The vocabulary of this system: ids, cards, status, events, errors. Standard library only."""
