"""Somebody is invited to have their telephone certified: a code that is shown once."""

from dataclasses import dataclass
from typing import Final

from issuance.desk import ID_OCTETS, Desk
from issuance.mobiel.ports import Withdrawing
from issuance.ports import Registration
from issuance.register_operator import NO_BIRTH_DATE
from issuance.rules.permissions import Action, actor, require_for_organisation
from issuance.rules.representation import APPOINTMENT_LASTS
from issuance.steps.codes import code_digest, code_from, new_code
from issuance.steps.once import Once, write_once
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse
from pki.domain.errors import Malformed, NotFound
from pki.domain.identifiers import MobielId, PersonId, Ura
from pki.domain.mobiel.events import MobielInvitationWithdrawn, MobielInvited
from pki.domain.mobiel.records import MobielIdentity, MobielInvitation, MobielState
from pki.domain.people import Actor, Operator, OrganisationState, Person
from pki.domain.reasons import RefusalReason
from pki.domain.registration.records import KnownPerson

_NAME_CHARACTERS_MAX: Final = 64
"""ub-common-name (RFC 5280 A.1)."""

_PURPOSE: Final = "zorgid invitation code v1"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Invited:
    """An invitation with its code, which nobody sees again."""

    invitation: MobielInvitation
    code: str


async def invite(
    desk: Desk,
    operator: Operator,
    person: KnownPerson,
    ura: Ura,
    once: Once[Invited] | None = None,
) -> Invited:
    """Invite a person; a former invitation of theirs is withdrawn.

    Under a key the code is `code_under` it, so that none is kept for a second answer.

    Raises:
        Forbidden: the one who asks manages no cards for this organisation, nor is of the team.
        Refused: the organisation is not registered; the person has a card or a ZORG-ID Mobiel.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """
    require_for_organisation(operator, Action.INVITE_MOBIEL, ura)

    def change(session: Registration) -> Invited:
        _require_registered(session, ura)
        person_id = _person_of(desk, session, person)
        mobiel_id = MobielId.from_random(desk.entropy.octets(ID_OCTETS))
        return _invited(desk, session, (mobiel_id, person_id, ura), actor(operator), once)

    async with refusals_recorded(desk.store, Asker(actor=actor(operator)), desk.restraint):
        return await write_once(desk, change, once)


def code_under(desk: Desk, once: Once[Invited], made: MobielId) -> str:
    """The code of an invitation made under a key: who has the store alone cannot make it.

    Another key gives another one, also for the same identity.
    """
    parts = (_PURPOSE, once.asker.value, once.key.value, made.value)
    return code_from(desk.salt, "\0".join(parts).encode())


async def invite_again(
    desk: Desk, operator: Operator, mobiel_id: MobielId, once: Once[Invited] | None = None
) -> Invited:
    """Invite to another certificate for the same identity: a lost, new or wiped telephone.

    When it is redeemed, the certificate before it is revoked, and a block is lifted.

    Raises:
        NotFound: there is no such identity.
        Forbidden: the one who asks is no administrator of its organisation, nor of the team.
        Refused: MOBIEL_STATE: it has ended.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """

    def change(session: Registration) -> Invited:
        identity = managed(session, operator, mobiel_id)
        if identity.state is MobielState.ENDED:
            refuse(RefusalReason.MOBIEL_STATE)
        whose = (identity.id, identity.person_id, identity.ura)
        return _invited(desk, session, whose, actor(operator), once)

    async with refusals_recorded(desk.store, Asker(actor=actor(operator)), desk.restraint):
        return await write_once(desk, change, once)


def _invited(
    desk: Desk,
    session: Registration,
    whose: tuple[MobielId, PersonId, Ura],
    by: Actor,
    once: Once[Invited] | None,
) -> Invited:
    mobiel_id, person_id, ura = whose
    former = session.invitation_of(person_id)
    if former is not None:
        withdraw(session, former, by)
    code = new_code(desk.entropy) if once is None else code_under(desk, once, mobiel_id)
    invitation = MobielInvitation(
        id=mobiel_id,
        code_sha256=code_digest(code),
        person_id=person_id,
        ura=ura,
        expires_at=session.now + APPOINTMENT_LASTS,
    )
    session.put_invitation(invitation)
    event = MobielInvited(
        mobiel=mobiel_id, person=person_id, ura=ura, expires_at=invitation.expires_at
    )
    session.record(event, by)
    return Invited(invitation=invitation, code=code)


async def withdraw_invitation(
    desk: Desk,
    operator: Operator,
    mobiel_id: MobielId,
    once: Once[MobielInvitation] | None = None,
) -> MobielInvitation:
    """Let an invitation's code be good for nothing.

    Raises:
        NotFound: there is no such invitation, or it was used.
        Forbidden: the one who asks manages no cards for its organisation, nor is of the team.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """

    def change(session: Registration) -> MobielInvitation:
        found = session.invitation(mobiel_id)
        if found is None:
            raise NotFound(what="invitation", message=f"no invitation {mobiel_id}")
        require_for_organisation(operator, Action.INVITE_MOBIEL, found.ura)
        withdraw(session, found, actor(operator))
        return found

    return await write_once(desk, change, once)


def withdraw(session: Withdrawing, invitation: MobielInvitation, by: Actor) -> None:
    """Let it be good for nothing, and say so."""
    session.remove_invitation(invitation.id)
    event = MobielInvitationWithdrawn(
        mobiel=invitation.id, person=invitation.person_id, ura=invitation.ura
    )
    session.record(event, by)


def managed(session: Registration, operator: Operator, mobiel_id: MobielId) -> MobielIdentity:
    """The identity, for whoever may manage it.

    Raises:
        NotFound: there is none.
        Forbidden: the one who asks is no administrator of its organisation, nor of the team.
    """
    identity = session.mobiel(mobiel_id)
    if identity is None:
        raise NotFound(what="ZORG-ID Mobiel", message=f"no ZORG-ID Mobiel {mobiel_id}")
    require_for_organisation(operator, Action.MANAGE_MOBIEL, identity.ura)
    return identity


def _require_registered(session: Registration, ura: Ura) -> None:
    organisation = session.organisation_by_ura(ura)
    if organisation is None or not organisation.makes_cards:
        refuse(RefusalReason.ORGANISATION_UNKNOWN)
    elif organisation.state is OrganisationState.MERGED:
        refuse(RefusalReason.ORGANISATION_STATE)


def _person_of(desk: Desk, session: Registration, known: KnownPerson) -> PersonId:
    """The person with this UZI number, put down if they are new.

    Raises:
        Refused: they have a card, or a ZORG-ID Mobiel already.
        Malformed: their name is too long for a certificate.
    """
    person = session.person_by_uzi_number(known.uzi_number)
    if person is None:
        fresh = PersonId.from_random(desk.entropy.octets(ID_OCTETS))
        made = Person(id=fresh, uzi_number=known.uzi_number, name=known.name)
        _require_short(made)
        session.put_person(made, NO_BIRTH_DATE)
        return fresh
    if session.live_card_of(person.id) is not None:
        refuse(RefusalReason.HOLDER_HAS_CARD)
    if session.mobiel_of(person.id) is not None:
        refuse(RefusalReason.MOBIEL_STATE)
    _require_short(person)
    return person.id


def _require_short(person: Person) -> None:
    """Now, and not when their telephone is to be certified."""
    if len(person.name.common_name) > _NAME_CHARACTERS_MAX:
        raise Malformed(
            what="common_name",
            message=f"a certificate holds at most {_NAME_CHARACTERS_MAX} characters of it",
        )
