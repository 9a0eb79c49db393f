"""An organisation closes, or goes into another one."""

from dataclasses import dataclass, replace

from issuance.attributes.changes import move_attributes
from issuance.desk import Desk
from issuance.mobiel.manage import move_mobiel
from issuance.operators.appoint import withdraw_appointments
from issuance.operators.mappings import add_mapping, end_mapping
from issuance.organisations.ports import Merging
from issuance.organisations.reading import organisation_version
from issuance.ports import Registration
from issuance.rules.permissions import Action, actor, require
from issuance.steps.once import write_once
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.terms import Terms
from pki.domain.cards import Active, Blocked
from pki.domain.errors import NotFound
from pki.domain.identifiers import CardId, Ura
from pki.domain.journal import JournalEntry
from pki.domain.linking.events import CardLinked, CardUnlinked
from pki.domain.people import Actor, Operator, Organisation
from pki.domain.registration.events import OrganisationClosed, OrganisationMerged
from pki.domain.registration.organisations import closed, merged


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationChange:
    """An organisation after a change, and the entry that recorded it."""

    organisation: Organisation
    entry: JournalEntry


async def close_organisation(
    desk: Desk, operator: Operator, ura: Ura, terms: Terms[OrganisationChange] | None = None
) -> OrganisationChange:
    """Say that an organisation no longer exists.

    Its passes stay good for making cards (FAQ ZORG-ID Smartcard), its operators and the links of
    its cards stay until somebody ends them.

    Raises:
        Forbidden: the operator is not of the ZORG-ID team.
        NotFound: there is no such organisation.
        PreconditionFailed: it was changed since the operator saw it.
        Refused: ORGANISATION_STATE.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """
    require(operator, Action.CLOSE_ORGANISATION)
    asked: Terms[OrganisationChange] = Terms() if terms is None else terms

    def change(session: Registration) -> OrganisationChange:
        organisation = closed(_seen(session, ura, asked))
        session.put_organisation(organisation)
        event = OrganisationClosed(organisation=organisation.id, ura=ura)
        entry = session.record(event, actor(operator))
        return OrganisationChange(organisation=organisation, entry=entry)

    async with refusals_recorded(desk.store, Asker(actor=actor(operator)), desk.restraint):
        return await write_once(desk, change, asked.once)


async def merge_organisations(
    desk: Desk,
    operator: Operator,
    uras: tuple[Ura, Ura],
    terms: Terms[OrganisationChange] | None = None,
) -> OrganisationChange:
    """Let the first organisation go into the second, at once.

    The second one manages the cards of the first from now on, and those that are still made with
    its passes; the operators of the first become the second's, in the same roles; what they were
    only appointed to is withdrawn.

    Raises:
        Forbidden, NotFound, Refused, StoreUnavailable: as `close_organisation`.
        PreconditionFailed: the first one was changed since the operator saw it.
    """
    require(operator, Action.MERGE_ORGANISATIONS)
    ura, successor_ura = uras
    asked: Terms[OrganisationChange] = Terms() if terms is None else terms

    def change(session: Merging) -> OrganisationChange:
        former, successor = _seen(session, ura, asked), _known(session, successor_ura)
        organisation = merged(former, successor)
        session.put_organisation(organisation)
        event = OrganisationMerged(
            organisation=former.id, ura=ura, successor=successor.id, successor_ura=successor_ura
        )
        by = actor(operator)
        entry = session.record(event, by)
        for card_id in session.cards_linked_to(former.id):
            _move_card(session, card_id, (former, successor), by)
        for each in session.operators_of(ura):
            end_mapping(session, each, by)
            add_mapping(session, replace(each, ura=successor_ura), by)
        withdraw_appointments(session, ura, by)
        move_attributes(session, desk.entropy, uras, by)
        move_mobiel(session, uras, by)
        return OrganisationChange(organisation=organisation, entry=entry)

    async with refusals_recorded(desk.store, Asker(actor=actor(operator)), desk.restraint):
        return await write_once(desk, change, asked.once)


def _seen(session: Registration, ura: Ura, asked: Terms[OrganisationChange]) -> Organisation:
    organisation = _known(session, ura)
    asked.require_version("organisation", organisation_version(organisation))
    return organisation


def _known(session: Registration, ura: Ura) -> Organisation:
    organisation = session.organisation_by_ura(ura)
    if organisation is None:
        raise NotFound(what="organisation", message=f"no organisation {ura}")
    return organisation


def _move_card(
    session: Merging, card_id: CardId, organisations: tuple[Organisation, Organisation], by: Actor
) -> None:
    former, successor = organisations
    card = session.card(card_id)
    if card is None or not isinstance(card.phase, Active | Blocked):
        return
    if successor.ura not in session.links_of(card_id):
        session.put_link(card_id, successor.id, session.now)
        linked = CardLinked(card=card_id, organisation=successor.id, ura=successor.ura)
        session.record(linked, by)
    session.end_link(card_id, former.id, session.now)
    event = CardUnlinked(card=card_id, organisation=former.id, ura=former.ura, ends_at=None)
    session.record(event, by)
