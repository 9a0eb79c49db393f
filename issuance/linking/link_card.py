"""An organisation begins to manage a card, or no longer does."""

from dataclasses import dataclass
from datetime import datetime

from issuance.attributes.changes import end_attributes
from issuance.desk import Desk
from issuance.linking.managing import managing_organisation
from issuance.ports import Enquiry, Linking
from issuance.rules.choices import Choices
from issuance.rules.permissions import Action, Reach, actor, require, require_for_card
from issuance.rules.unlinked import ends_at
from issuance.steps.callers import missing
from issuance.steps.once import Once, write_once
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse
from pki.domain.cards import Active, Blocked, Card
from pki.domain.errors import Forbidden, Malformed, NotFound
from pki.domain.identifiers import CardId, Ura, UziNumber
from pki.domain.journal import JournalEntry
from pki.domain.linking.events import CardLinked, CardUnlinked
from pki.domain.people import Operator, Organisation
from pki.domain.reasons import RefusalReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Management:
    """Which organisations manage a card now.

    ``ends_at`` is when the card ends by itself; None while there is an organisation, or where the
    choices let no card end so.
    """

    card: Card
    organisations: tuple[Ura, ...]
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """A card's management after a change, and the entry that recorded it."""

    management: Management
    entry: JournalEntry


async def link_card(
    desk: Desk,
    operator: Operator,
    holder: UziNumber,
    ura: Ura | None = None,
    once: Once[LinkChange] | None = None,
) -> LinkChange:
    """Link the person's card to the operator's organisation; the ZORG-ID team names one.

    Raises:
        Forbidden: the operator may not, or names another organisation than their own.
        Malformed: the team names no organisation.
        NotFound: the person has no card that was confirmed.
        Refused: the organisation is not registered.
        Conflict: they are linked already.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """
    target = _organisation_asked(operator, Action.LINK_CARD, ura)

    def change(session: Linking) -> LinkChange:
        organisation = _registered(session, target)
        card = _linkable(session, holder)
        session.put_link(card.id, organisation.id, session.now)
        event = CardLinked(card=card.id, organisation=organisation.id, ura=organisation.ura)
        entry = session.record(event, actor(operator))
        return LinkChange(management=_management_of(session, card, desk.choices), entry=entry)

    async with refusals_recorded(desk.store, Asker(actor=actor(operator)), desk.restraint):
        return await write_once(desk, change, once)


async def unlink_card(
    desk: Desk,
    operator: Operator,
    card_id: CardId,
    ura: Ura | None = None,
    once: Once[LinkChange] | None = None,
) -> LinkChange:
    """End the link between a card and the operator's organisation; the ZORG-ID team names one.

    Without any link left the card goes on working until it ends by itself (`issuance.rules.
    unlinked`), and until then nobody but the ZORG-ID team can block it.

    Raises:
        Forbidden: the operator may not, or names another organisation than their own.
        Malformed: the team names no organisation.
        NotFound: no such card, or not linked to this organisation.
        Refused: the card is not linked to the operator's organisation, or has ended.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """
    target = _organisation_asked(operator, Action.UNLINK_CARD, ura)

    def change(session: Linking) -> LinkChange:
        card = missing(card_id, session.card(card_id))
        require_for_card(operator, Action.UNLINK_CARD, session.links_of(card_id))
        if not isinstance(card.phase, Active | Blocked):
            refuse(RefusalReason.CARD_STATE)
        organisation = _registered(session, target)
        session.end_link(card_id, organisation.id, session.now)
        end_attributes(session, card.person_id, organisation.ura, actor(operator))
        management = _management_of(session, card, desk.choices)
        event = CardUnlinked(
            card=card_id,
            organisation=organisation.id,
            ura=organisation.ura,
            ends_at=management.ends_at,
        )
        entry = session.record(event, actor(operator))
        return LinkChange(management=management, entry=entry)

    asker = Asker(actor=actor(operator), card=card_id)
    async with refusals_recorded(desk.store, asker, desk.restraint):
        return await write_once(desk, change, once)


async def management(desk: Desk, operator: Operator, card_id: CardId) -> Management:
    """Which organisations manage a card that the operator may see.

    Raises:
        NotFound, Forbidden, Refused: no such card, or not for this operator.
    """

    def look(snapshot: Enquiry) -> Management:
        card = missing(card_id, snapshot.card(card_id))
        require_for_card(operator, Action.READ_CARD, snapshot.links_of(card_id))
        return _management_of(snapshot, card, desk.choices)

    return await desk.reader.read(look)


def _management_of(snapshot: Enquiry | Linking, card: Card, choices: Choices) -> Management:
    """Who manages the card; a card that was not confirmed, or has ended, has no end to come."""
    since = snapshot.unlinked_since(card.id)
    counts = choices.unlinked_end and isinstance(card.phase, Active | Blocked)
    return Management(
        card=card,
        organisations=snapshot.links_of(card.id),
        ends_at=ends_at(since, choices.months_unlinked) if since and counts else None,
    )


def _organisation_asked(operator: Operator, action: Action, ura: Ura | None) -> Ura:
    reach = require(operator, action)
    asked = operator.ura if ura is None else ura
    if asked is None:
        raise Malformed(what="URA", message="the ZORG-ID team must name an organisation")
    if reach is not Reach.EVERYWHERE and asked != operator.ura:
        raise Forbidden(message="an operator links cards to their own organisation only")
    return asked


def _registered(session: Linking, ura: Ura) -> Organisation:
    organisation = managing_organisation(session, ura)
    if organisation is None:
        refuse(RefusalReason.ORGANISATION_UNKNOWN)
        raise AssertionError
    return organisation


def _linkable(session: Linking, holder: UziNumber) -> Card:
    person = session.person_by_uzi_number(holder)
    card = None if person is None else session.live_card_of(person.id)
    if card is None or not isinstance(card.phase, Active | Blocked):
        raise NotFound(
            what="card",
            message="nobody with this UZI number has a card in use",
            next_step="check the number; a new card is linked to its first organisation by itself",
        )
    return card
