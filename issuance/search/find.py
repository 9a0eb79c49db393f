"""Looking for cards, a page at a time, as far as the caller may see them."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import Final

from issuance.desk import Desk
from issuance.ports import Enquiry
from issuance.rules.permissions import Action, Reach, require
from pki.domain.cards import Card
from pki.domain.errors import Malformed
from pki.domain.identifiers import CardId
from pki.domain.people import Operator
from pki.domain.search.cards import CardSearch

_PURPOSE: Final = b"zorgid search cursor v1\0"
_MAC_OCTETS: Final = 16
_ID_OCTETS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCards:
    """A page of cards, newest first; ``cursor`` stands for where the next one begins, if any."""

    cards: tuple[Card, ...]
    cursor: str | None


async def search_cards(
    desk: Desk, operator: Operator, search: CardSearch, cursor: str | None = None
) -> FoundCards:
    """The next ``search.limit`` cards that the operator may see.

    Raises:
        Forbidden: the role may see no cards.
        Malformed: the cursor was not given to this operator for this search.
        StoreUnavailable: the store cannot be read.
    """
    if require(operator, Action.READ_CARD) is not Reach.EVERYWHERE:
        search = replace(search, linked_to=operator.ura)
    after = None if cursor is None else _opened(desk, operator, search, cursor)

    def look(snapshot: Enquiry) -> tuple[Card, ...]:
        return tuple(snapshot.cards_found(replace(search, limit=search.limit + 1), after))

    found = await desk.reader.read(look)
    page = found[: search.limit]
    more = len(found) > len(page)
    return FoundCards(
        cards=page, cursor=_cursor(desk, operator, search, page[-1].id) if more else None
    )


def _cursor(desk: Desk, operator: Operator, search: CardSearch, last: CardId) -> str:
    """The card's id under a MAC that names caller and question: of use to nobody else."""
    octets = bytes.fromhex(last.value)
    sealed = octets + _mac(desk, operator, search, octets)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _opened(desk: Desk, operator: Operator, search: CardSearch, cursor: str) -> CardId:
    try:
        sealed = base64.b64decode(cursor + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        sealed = b""
    octets = sealed[:_ID_OCTETS]
    if not hmac.compare_digest(sealed[_ID_OCTETS:], _mac(desk, operator, search, octets)):
        raise Malformed(
            what="cursor",
            message="the cursor is not one that was given for this search",
            next_step="search again from the beginning",
        )
    return CardId(octets.hex())


def _mac(desk: Desk, operator: Operator, search: CardSearch, octets: bytes) -> bytes:
    question = repr((operator.id.value, replace(search, limit=1))).encode()
    message = _PURPOSE + hashlib.sha256(question).digest() + octets
    return hmac.digest(desk.salt, message, "sha256")[:_MAC_OCTETS]
