"""What a search needs of the store."""

from collections.abc import Sequence
from typing import Protocol

from issuance.receipts.ports import ChangeReads
from pki.domain.cards import Card
from pki.domain.identifiers import CardId
from pki.domain.search.cards import CardSearch


class CardSearches(Protocol):
    """Looking for cards."""

    def cards_found(self, search: CardSearch, after: CardId | None, /) -> Sequence[Card]:
        """At most ``search.limit`` cards, newest order first, from behind the card ``after``."""


class Lookups(CardSearches, ChangeReads, Protocol):
    """All that operators look up besides single cards."""
