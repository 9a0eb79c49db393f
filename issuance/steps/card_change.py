"""Changing a card: card, journal and certificate status in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from issuance.desk import Desk
from issuance.ports import CardWrites, Linking
from issuance.rules.permissions import Action, actor, require_for_card
from issuance.steps.callers import missing
from issuance.steps.once import write_once
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.terms import Terms
from pki.domain.cards import Card, certificate_status
from pki.domain.errors import IntegrityBroken
from pki.domain.events import Event
from pki.domain.identifiers import CardId
from pki.domain.journal import JournalEntry
from pki.domain.people import Actor, Operator
from pki.domain.records import IssuedCertificate


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChange:
    """A card after a change, and the entry that recorded it."""

    card: Card
    entry: JournalEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What an operator asks: the permission it needs, the decision, and how the journal says it.

    ``permit`` refuses where more than role and links decides.
    """

    action: Action
    card_id: CardId
    decide: Callable[[Card, datetime], Card]
    describe: Callable[[Card, IssuedCertificate], Event]
    permit: Callable[[Linking, Card], None] | None = None


def certificate_of(session: CardWrites, card: Card) -> IssuedCertificate:
    """The certificate of a card that has one.

    Raises:
        IntegrityBroken: the store has lost it.
    """
    certificate = None if card.serial is None else session.certificate(card.serial)
    if certificate is None:
        raise IntegrityBroken(
            message=f"card {card.id} has no certificate in the store",
            next_step="verify the journal and the backup",
        )
    return certificate


def write_change(
    session: CardWrites, card: Card, certificate: IssuedCertificate, event: Event, actor: Actor
) -> CardChange:
    """Write the card, the entry and the status that follows from the card's phase."""
    session.put_card(card)
    entry = session.record(event, actor)
    status = certificate_status(card.phase)
    if status is not None:
        session.set_status(certificate.issuer, certificate.serial, status, entry)
    return CardChange(card=card, entry=entry)


async def operate(
    desk: Desk, operator: Operator, operation: Operation, terms: Terms[CardChange] | None = None
) -> CardChange:
    """Let an operator change a card, on these terms.

    Raises:
        Forbidden, Refused: the operator may not, or the card's state does not allow it.
        NotFound: no such card.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        PreconditionFailed: the card is not as the operator saw it.
        StoreUnavailable: nothing was changed.
    """

    def change(session: Linking) -> CardChange:
        card = missing(operation.card_id, session.card(operation.card_id))
        require_for_card(operator, operation.action, session.links_of(card.id))
        if operation.permit is not None:
            operation.permit(session, card)
        asked.require_seen(card)
        changed = operation.decide(card, session.now)
        certificate = certificate_of(session, changed)
        event = operation.describe(changed, certificate)
        return write_change(session, changed, certificate, event, actor(operator))

    asked: Terms[CardChange] = Terms() if terms is None else terms
    asker = Asker(actor=actor(operator), card=operation.card_id)
    async with refusals_recorded(desk.store, asker, desk.restraint):
        return await write_once(desk, change, asked.once)
