"""Bodies of searching for cards and organisations."""

from enum import Enum
from typing import Annotated

from pydantic import Field

from pki.api.base import Wire
from pki.api.fields import CardNumberText, Moment, UraText, UziNumberText
from pki.api.wire import NAME_PATTERN, CardView, OrganisationView
from pki.domain.people import OrganisationKind, OrganisationState
from pki.domain.search.cards import MOST_FOUND

CURSOR_PATTERN = r"^[A-Za-z0-9_-]{43}$"

SearchText = Annotated[str, Field(min_length=1, max_length=200, pattern=NAME_PATTERN)]
Cursor = Annotated[str, Field(pattern=CURSOR_PATTERN)]


class CardState(Enum):
    """The states of a card, by the names that `CardView.state` has."""

    ORDERED = "aangevraagd"
    ISSUED = "uitgegeven"
    ACTIVE = "actief"
    BLOCKED = "geblokkeerd"
    ENDED = "ingetrokken"
    LAPSED = "vervallen"
    EXPIRED = "verlopen"


class CardSearchRequest(Wire):
    """POST /v1/cards/search: in a body, since addresses are written to logs and histories.

    Found is what all given members hold for. ``surname``: how it begins, whatever its accents and
    capitals. ``cursor``: where an earlier answer to the same question by the same caller ended.
    """

    uzi_number: UziNumberText | None = None
    surname: SearchText | None = None
    card_number: CardNumberText | None = None
    state: CardState | None = None
    expires_from: Moment | None = None
    expires_before: Moment | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_FOUND)] = 50
    cursor: Cursor | None = None


class CardsView(Wire):
    """What was found, newest first; there may be more where ``next_cursor`` is not null.

    By expiry: first what expires first.
    """

    cards: list[CardView]
    next_cursor: str | None


class OrganisationSearchRequest(Wire):
    """POST /v1/organisations/search: in the same form as a search for cards.

    ``name``: what the organisation's holds somewhere, whatever its accents and capitals.
    """

    name: SearchText | None = None
    state: OrganisationState | None = None
    kind: OrganisationKind | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_FOUND)] = 50
    cursor: Cursor | None = None


class OrganisationFoundView(OrganisationView):
    """An organisation; ``successor`` is the URA of the one that it went into."""

    successor: UraText | None


class OrganisationsView(Wire):
    """What was found, by URA; there may be more where ``next_cursor`` is not null."""

    organisations: list[OrganisationFoundView]
    next_cursor: str | None
