"""How it went to bring a message to a mail server."""

from dataclasses import dataclass
from enum import Enum


class Taken(Enum):
    """What a mail server made of a message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """For good: this address takes nothing, or not this."""
    NOT_NOW = "not-now"
    """This address, or this message, later."""
    AWAY = "away"
    """There is no server to talk to, or it will not talk to us: others would fare no better."""
    UNCLEAR = "unclear"
    """It may have the message: the connection broke before it said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """How it went; ``why`` holds codes or the kind of failure, never the server's words."""

    taken: Taken
    why: str = ""
