"""An operator stops trust in a card; it can be lifted again."""

from datetime import datetime

from issuance.desk import Desk
from issuance.rules.choices import block_refusal
from issuance.rules.permissions import Action
from issuance.steps.card_change import CardChange, Operation, operate
from issuance.steps.standing import refuse
from issuance.steps.terms import Terms
from pki.domain.cards import Card, blocked
from pki.domain.events import CardBlocked
from pki.domain.identifiers import CardId
from pki.domain.people import Operator
from pki.domain.reasons import BlockReason
from pki.domain.records import IssuedCertificate


async def block_card(
    desk: Desk,
    operator: Operator,
    card_id: CardId,
    reason: BlockReason,
    terms: Terms[CardChange] | None = None,
) -> CardChange:
    """Block an active card everywhere, from the entry's time on.

    Raises:
        Forbidden, Refused: not this operator, or not in this state.
        NotFound: no such card.
        StoreUnavailable: nothing was changed.
    """

    def decide(card: Card, at: datetime) -> Card:
        refuse(block_refusal(desk.choices))
        return blocked(card, reason=reason, at=at)

    def describe(card: Card, certificate: IssuedCertificate) -> CardBlocked:
        return CardBlocked(
            card=card.id, issuer=certificate.issuer, serial=certificate.serial, reason=reason
        )

    operation = Operation(
        action=Action.BLOCK_CARD, card_id=card_id, decide=decide, describe=describe
    )
    return await operate(desk, operator, operation, terms)
