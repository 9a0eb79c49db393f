"""An operator ends a card for ever; as a rule one that is blocked."""

from datetime import datetime

from issuance.desk import Desk
from issuance.rules.permissions import Action
from issuance.steps.card_change import CardChange, Operation, operate
from issuance.steps.standing import require_alive
from issuance.steps.terms import Terms
from pki.domain.cards import Card, Ended, revoked
from pki.domain.events import CardRevoked
from pki.domain.identifiers import CardId
from pki.domain.people import Operator
from pki.domain.reasons import RevokeReason
from pki.domain.records import IssuedCertificate


async def revoke_card(
    desk: Desk,
    operator: Operator,
    card_id: CardId,
    reason: RevokeReason,
    compromised_since: datetime | None = None,
    terms: Terms[CardChange] | None = None,
) -> CardChange:
    """Revoke a blocked card, as of the start of its block; an active one where choices allow it.

    ``compromised_since``: from when on its key must be mistrusted, if that is known.

    Raises:
        Forbidden, Refused: not this operator, not in this state, or not blocked first; a time of
            compromise that cannot be.
        NotFound: no such card.
        StoreUnavailable: nothing was changed.
    """

    def decide(card: Card, at: datetime) -> Card:
        return revoked(
            card,
            reason=reason,
            at=at,
            compromised_since=compromised_since,
            needs_block=desk.choices.revoke_needs_block,
        )

    def describe(card: Card, certificate: IssuedCertificate) -> CardRevoked:
        require_alive(certificate, compromised_since)
        match card.phase:
            case Ended(revoked_at=revoked_at):
                return CardRevoked(
                    card=card.id,
                    issuer=certificate.issuer,
                    serial=certificate.serial,
                    reason=reason,
                    revoked_at=revoked_at,
                    compromised_since=compromised_since,
                )
            case _:
                raise AssertionError("a revoked card has ended")

    operation = Operation(
        action=Action.REVOKE_CARD, card_id=card_id, decide=decide, describe=describe
    )
    return await operate(desk, operator, operation, terms)
