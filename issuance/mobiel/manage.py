"""A ZORG-ID Mobiel is blocked, unblocked, ended, listed, and handed over in a merger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypedDict

from issuance.desk import Desk
from issuance.mobiel.invite import managed, withdraw
from issuance.mobiel.ports import Withdrawing
from issuance.operators.last import require_another
from issuance.ports import Enquiry, Registration
from issuance.rules.permissions import Action, actor, require_for_organisation
from issuance.steps.once import Once, write_once
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import require_alive
from pki.domain.events import Event
from pki.domain.identifiers import IssuerId, MobielId, PersonId, SerialNumber, Ura
from pki.domain.journal import JournalEntry
from pki.domain.mobiel.events import MobielBlocked, MobielEnded, MobielMoved, MobielUnblocked
from pki.domain.mobiel.identities import blocked, ended, revoked_at, unblocked
from pki.domain.mobiel.records import MobielIdentity, MobielInvitation
from pki.domain.people import Actor, Operator
from pki.domain.reasons import REVOKE_REASON_CODES, BlockReason, RevokeReason
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielChange:
    """An identity after a change, and the entry that recorded it."""

    identity: MobielIdentity
    entry: JournalEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielOfOrganisation:
    """What an organisation manages, and the invitations that may still be used."""

    identities: Sequence[MobielIdentity]
    invitations: Sequence[MobielInvitation]


async def block_mobiel(
    desk: Desk,
    operator: Operator,
    mobiel_id: MobielId,
    reason: BlockReason,
    once: Once[MobielChange] | None = None,
) -> MobielChange:
    """Let it let nobody in, until the block is lifted; its certificate is on hold.

    An open invitation to another certificate is withdrawn: the block is meant to hold.

    Raises:
        NotFound: there is none.
        Forbidden: the one who asks is no administrator of its organisation, nor of the team.
        Refused: MOBIEL_STATE; LAST_ADMINISTRATOR (MAN 8.2).
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """

    def decide(session: Registration, identity: MobielIdentity) -> Decided:
        decided = as_blocked(identity, reason, session.now)
        for each in session.mappings_of(identity.person_id):
            require_another(session, each)
        withdraw_open(session, identity, actor(operator))
        return decided

    return await _change(desk, operator, mobiel_id, decide, once)


def hold_mobiel(
    session: Registration, identity: MobielIdentity, reason: BlockReason, by: Actor
) -> None:
    """Block one whatever follows from it: after a restore, what was not trusted is not again.

    Raises:
        Refused: MOBIEL_STATE.
    """
    changed, event, status = as_blocked(identity, reason, session.now)
    session.put_mobiel(changed)
    session.set_status(identity.issuer, identity.serial, status, session.record(event, by))


def as_ended(
    identity: MobielIdentity, reason: RevokeReason, at: datetime, since: datetime | None
) -> "Decided":
    """A blocked one as it ends, mistrusted from ``since`` on, if that is known.

    Raises:
        Refused: MOBIEL_STATE, COMPROMISE_DATE.
    """
    changed = ended(identity, reason=reason, at=at, compromised_since=since)
    held_since = revoked_at(identity, at=at)
    event = MobielEnded(
        **_named(identity), reason=reason, revoked_at=held_since, compromised_since=since
    )
    code = REVOKE_REASON_CODES[reason]
    return changed, event, Revoked(at=held_since, reason=code, compromised_since=since)


def as_blocked(identity: MobielIdentity, reason: BlockReason, at: datetime) -> "Decided":
    """One that is registered as it is blocked.

    Raises:
        Refused: MOBIEL_STATE.
    """
    event = MobielBlocked(**_named(identity), reason=reason)
    return blocked(identity, at=at), event, OnHold(since=at)


async def unblock_mobiel(
    desk: Desk,
    operator: Operator,
    mobiel_id: MobielId,
    once: Once[MobielChange] | None = None,
) -> MobielChange:
    """Lift the block; the certificate is good again.

    Raises:
        NotFound, Forbidden, Refused, AnsweredBefore, IdempotencyMismatch, StoreUnavailable: as
            `block_mobiel`.
    """

    def decide(session: Registration, identity: MobielIdentity) -> Decided:
        changed = unblocked(identity, at=session.now)
        return changed, MobielUnblocked(**_named(identity)), Good()

    return await _change(desk, operator, mobiel_id, decide, once)


async def end_mobiel(
    desk: Desk,
    operator: Operator,
    mobiel_id: MobielId,
    reason: RevokeReason,
    compromised_since: datetime | None = None,
    once: Once[MobielChange] | None = None,
) -> MobielChange:
    """End a blocked one for ever: its person may have a card, or another one.

    Its certificate is revoked, as of the block. ``compromised_since``: from when on its key must be
    mistrusted, if that is known.

    Raises:
        NotFound, Forbidden, Refused, AnsweredBefore, IdempotencyMismatch, StoreUnavailable: as
            `block_mobiel`.
    """

    def decide(session: Registration, identity: MobielIdentity) -> Decided:
        require_alive(session.mobiel_certificate(identity.serial), compromised_since)
        withdraw_open(session, identity, actor(operator))
        return as_ended(identity, reason, session.now, compromised_since)

    return await _change(desk, operator, mobiel_id, decide, once)


async def mobiel_for(desk: Desk, operator: Operator, ura: Ura) -> MobielOfOrganisation:
    """What an organisation manages.

    Raises:
        Forbidden: the one who asks is no administrator of it, nor of the team.
    """
    require_for_organisation(operator, Action.MANAGE_MOBIEL, ura)
    now = desk.clock.now()

    def look(snapshot: Enquiry) -> MobielOfOrganisation:
        return MobielOfOrganisation(
            identities=snapshot.mobiel_at(ura),
            invitations=[each for each in snapshot.invitations_at(ura) if now < each.expires_at],
        )

    return await desk.reader.read(look)


def move_mobiel(session: Registration, uras: tuple[Ura, Ura], by: Actor) -> None:
    """The first organisation goes into the second, which manages what the first one did.

    Its open invitations end: whoever holds one asks the successor.
    """
    former, successor = uras
    for each in session.mobiel_at(former):
        session.put_mobiel(replace(each, ura=successor))
        session.record(MobielMoved(mobiel=each.id, person=each.person_id, ura=successor), by)
    for invitation in session.invitations_at(former):
        withdraw(session, invitation, by)


Decided = tuple[MobielIdentity, Event, CertificateStatus]
Decision = Callable[[Registration, MobielIdentity], Decided]


class _Named(TypedDict):
    """What every event of a change says."""

    mobiel: MobielId
    person: PersonId
    ura: Ura
    issuer: IssuerId
    serial: SerialNumber


def _named(identity: MobielIdentity) -> _Named:
    return _Named(
        mobiel=identity.id,
        person=identity.person_id,
        ura=identity.ura,
        issuer=identity.issuer,
        serial=identity.serial,
    )


def withdraw_open(session: Withdrawing, identity: MobielIdentity, by: Actor) -> None:
    """Let an invitation to another certificate be good for nothing, if there is one."""
    invitation = session.invitation(identity.id)
    if invitation is not None:
        withdraw(session, invitation, by)


async def _change(
    desk: Desk,
    operator: Operator,
    mobiel_id: MobielId,
    decide: Decision,
    once: Once[MobielChange] | None,
) -> MobielChange:
    def change(session: Registration) -> MobielChange:
        identity = managed(session, operator, mobiel_id)
        changed, event, status = decide(session, identity)
        session.put_mobiel(changed)
        entry = session.record(event, actor(operator))
        session.set_status(identity.issuer, identity.serial, status, entry)
        return MobielChange(identity=changed, entry=entry)

    async with refusals_recorded(desk.store, Asker(actor=actor(operator)), desk.restraint):
        return await write_once(desk, change, once)
