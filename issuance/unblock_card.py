"""An operator lifts the block of a card."""

from datetime import datetime

from issuance.desk import Desk
from issuance.ports import Linking
from issuance.rules.choices import unblock_refusal
from issuance.rules.permissions import Action
from issuance.steps.card_change import CardChange, Operation, operate
from issuance.steps.standing import refuse
from issuance.steps.terms import Terms
from pki.domain.cards import Blocked, Card, unblocked
from pki.domain.events import CardUnblocked
from pki.domain.identifiers import CardId
from pki.domain.people import Operator
from pki.domain.records import IssuedCertificate


async def unblock_card(
    desk: Desk, operator: Operator, card_id: CardId, terms: Terms[CardChange] | None = None
) -> CardChange:
    """Make a blocked card active again; any organisation that it is linked to may do so.

    Where the choices say so, only the one that blocked it.

    Raises:
        Forbidden, Refused: not this operator, or not in this state.
        NotFound: no such card.
        StoreUnavailable: nothing was changed.
    """

    def decide(card: Card, at: datetime) -> Card:
        return unblocked(card, at=at)

    def describe(card: Card, certificate: IssuedCertificate) -> CardUnblocked:
        return CardUnblocked(card=card.id, issuer=certificate.issuer, serial=certificate.serial)

    def permit(session: Linking, card: Card) -> None:
        if isinstance(card.phase, Blocked):
            blocker = session.history(card.phase.serial)[-1].actor
            links = session.links_of(card.id)
            refuse(unblock_refusal(desk.choices, operator, blocker, links))

    operation = Operation(
        action=Action.UNBLOCK_CARD,
        card_id=card_id,
        decide=decide,
        describe=describe,
        permit=permit,
    )
    return await operate(desk, operator, operation, terms)
