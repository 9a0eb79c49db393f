"""What cards can be looked for by."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from pki.domain.identifiers import CardNumber, Ura, UziNumber

MOST_FOUND = 100
"""How many cards one answer holds at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSearch:
    """Cards for which all that is not None holds; at most ``limit`` of them.

    ``surname``: how the holder's begins, as `folded` sees it. ``expires_from`` and
    ``expires_before``: notAfter of the certificate, the second one excluded; a card without one is
    not found by them. ``linked_to``: which organisation manages it now.
    """

    uzi_number: UziNumber | None = None
    surname: str | None = None
    card_number: CardNumber | None = None
    state: str | None = None
    expires_from: datetime | None = None
    expires_before: datetime | None = None
    linked_to: Ura | None = None
    limit: int = MOST_FOUND


def folded(name: str) -> str:
    """A name as searches compare it: without accents, capitals and superfluous white space."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    return " ".join(plain.casefold().split())
