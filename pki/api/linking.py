"""Bodies about which organisations manage a card."""

from pki.api.base import Wire
from pki.api.fields import Moment, UraText, UziNumberText
from pki.api.wire import CardView, ChangeView


class LinkRequest(Wire):
    """POST /v1/cards/link: link the card of this person, in a body since addresses are logged.

    ``ura`` names another organisation than the operator's own: the ZORG-ID team must, and nobody
    else may.
    """

    uzi_number: UziNumberText
    ura: UraText | None = None


class UnlinkRequest(Wire):
    """POST /v1/cards/{card_id}/unlink. ``ura`` as in `LinkRequest`."""

    ura: UraText | None = None


class LinksView(Wire):
    """GET /v1/cards/{card_id}/links: who manages the card.

    ``ends_at``: when the card will end by itself, since no organisation is left.
    """

    card: CardView
    organisations: list[UraText]
    ends_at: Moment | None


class LinkChangedView(Wire):
    """The links after one was made or ended."""

    links: LinksView
    change: ChangeView
