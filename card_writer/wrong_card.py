"""Another card is wanted than the one that was put in; nothing was done to it."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from card_writer.card_edge import CardRefused


class Mismatch(Enum):
    """What is wrong with a card that was put in."""

    NO_PASS = "no-pass"
    """It has no certificate to log in with."""
    OTHER_KIND = "other-kind"
    """It has not the application that is asked for."""
    IN_USE = "in-use"
    """It holds what this writer did not write, or was made elsewhere, or before."""
    OF_ANOTHER = "of-another"
    """It was begun for another person, or with another birth date."""
    NOT_BEGUN = "not-begun"
    """It is another card than the one that was begun."""


@dataclass(kw_only=True, eq=False)
class WrongCard(CardRefused):
    """Take it out and put another one in: what was done so far in this run still holds."""

    code: ClassVar[str] = "wrong-card"
    why: Mismatch


def in_use() -> WrongCard:
    """It holds something of others."""
    return WrongCard(
        message="the card holds something that this writer did not write",
        next_step="it is in use for something else: take a blank ZORG-ID card",
        why=Mismatch.IN_USE,
    )
