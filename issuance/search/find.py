"""Looking for cards, a page at a time, as far as the caller may see them."""

from dataclasses import dataclass, replace

from issuance.desk import Desk
from issuance.ports import Enquiry
from issuance.rules.permissions import Action, Reach, require
from issuance.search.cursors import opened, sealed
from pki.domain.cards import Card
from pki.domain.identifiers import CardId
from pki.domain.people import Operator
from pki.domain.search.cards import CardSearch


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCards:
    """A page of cards in their order; ``cursor`` stands for where the next one begins."""

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
    question = replace(search, limit=1)
    after = None
    if cursor is not None:
        after = CardId(opened(desk, operator, question, cursor).hex())

    def look(snapshot: Enquiry) -> tuple[Card, ...]:
        return tuple(snapshot.cards_found(replace(search, limit=search.limit + 1), after))

    found = await desk.reader.read(look)
    page = found[: search.limit]
    last = bytes.fromhex(page[-1].id.value) if len(found) > len(page) else None
    return FoundCards(
        cards=page, cursor=None if last is None else sealed(desk, operator, question, last)
    )
