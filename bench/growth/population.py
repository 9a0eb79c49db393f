"""Who is in a store that was filled for measuring: each name follows from a number."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from typing import Final

from pki.domain.identifiers import (
    CardId,
    CardNumber,
    OrganisationId,
    SerialNumber,
    Ura,
    UziNumber,
)
from pki.store.columns import from_ticks

ISSUER: Final = "token-ca-g1"
CARDS_EACH: Final = 4
"""Of a person; one of them is live."""

LISTED: Final = 1000
BLOCKED: Final = 100
"""Of the live cards, so many are not active, the first of them blocked, the others revoked."""

PER_ORGANISATION: Final = 1000
PER_ENTRY: Final = 10
BEGIN: Final = 1_415_000_000_000_000
SPAN: Final = 12 * 365 * 86_400 * 1_000_000
"""Microseconds: cards were ordered for twelve years, the live ones in the last three."""

_MOST: Final = 10_000
LIFE: Final = SPAN // CARDS_EACH
FACTOR: Final = 2_654_435_761
PRIME: Final = 4_294_967_291
"""Numbers times the one, modulo the other: every one another, scattered as random names are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Names of what was loaded: those of number ``n`` are the same in SQL and here."""

    count: int

    @property
    def persons(self) -> int:
        """How many people have a live card."""
        return self.count // CARDS_EACH

    @property
    def organisations(self) -> int:
        """How many there are."""
        return max(1, self.count // PER_ORGANISATION)

    @property
    def step(self) -> int:
        """Microseconds between two orders."""
        return SPAN // self.count

    def live(self, number: int) -> int:
        """The ``number``th card that is active."""
        return self.count - self.persons + LISTED + number

    def card(self, number: int) -> CardId:
        """A card."""
        return CardId(_id(number))

    def uzi_number(self, number: int) -> UziNumber:
        """That of the person of card ``number``."""
        return UziNumber(f"{number % self.persons:09}")

    def card_number(self, number: int) -> CardNumber:
        """What is printed on the card."""
        return CardNumber(f"B{number * FACTOR % PRIME:08X}-{number}")

    def serial(self, number: int) -> SerialNumber:
        """Of the card's certificate."""
        return SerialNumber.from_bytes(b"%08x%012x" % (number * FACTOR % PRIME, number))

    def surname(self, number: int) -> str:
        """Of the person of card ``number``."""
        return _id(number % self.persons)

    def ura(self, number: int) -> Ura:
        """The organisation of card ``number``."""
        return Ura(f"{number % self.organisations:08}")

    def organisation(self, number: int) -> OrganisationId:
        """The same."""
        return OrganisationId(f"{number % self.organisations:032}")

    def ends(self, number: int) -> datetime:
        """When the certificate of card ``number`` ends."""
        return from_ticks(BEGIN + number * self.step + LIFE)


def scattered(population: Population) -> Iterator[int]:
    """Numbers of active cards, each once before any comes again; half, so that pages may follow."""
    among = (population.persons - LISTED) // 2
    return cycle(random.Random(among).sample(range(among), min(among, _MOST)))  # noqa: S311 -- repeatable


def _id(number: int) -> str:
    return f"{number * FACTOR % PRIME:08x}{number:024x}"
