"""A ZORG-ID Mobiel is blocked, unblocked, ended, listed, and handed over in a merger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from issuance.desk import Desk
from issuance.mobiel.invite import withdraw
from issuance.operators.last import require_another
from issuance.ports import Enquiry, Registration
from issuance.rules.permissions import Action, actor, require_for_organisation
from issuance.steps.once import Once, write_once
from issuance.steps.refusals import Asker, refusals_recorded
from pki.domain.errors import NotFound
from pki.domain.events import Event
from pki.domain.identifiers import MobielId, Ura
from pki.domain.journal import JournalEntry
from pki.domain.mobiel.events import MobielBlocked, MobielEnded, MobielMoved, MobielUnblocked
from pki.domain.mobiel.identities import blocked, ended, unblocked
from pki.domain.mobiel.records import MobielIdentity, MobielInvitation
from pki.domain.people import Actor, Operator
from pki.domain.reasons import BlockReason


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
    """Let it let nobody in, until the block is lifted.

    Raises:
        NotFound: there is none.
        Forbidden: the one who asks is no administrator of its organisation, nor of the team.
        Refused: MOBIEL_STATE; LAST_ADMINISTRATOR (MAN 8.2).
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """

    def decide(session: Registration, identity: MobielIdentity) -> tuple[MobielIdentity, Event]:
        changed = blocked(identity, at=session.now)
        for each in session.mappings_of(identity.person_id):
            require_another(session, each)
        return changed, MobielBlocked(
            mobiel=identity.id, person=identity.person_id, ura=identity.ura, reason=reason
        )

    return await _change(desk, operator, mobiel_id, decide, once)


async def unblock_mobiel(
    desk: Desk,
    operator: Operator,
    mobiel_id: MobielId,
    once: Once[MobielChange] | None = None,
) -> MobielChange:
    """Lift the block.

    Raises:
        NotFound, Forbidden, Refused, AnsweredBefore, IdempotencyMismatch, StoreUnavailable: as
            `block_mobiel`.
    """

    def decide(session: Registration, identity: MobielIdentity) -> tuple[MobielIdentity, Event]:
        changed = unblocked(identity, at=session.now)
        return changed, MobielUnblocked(
            mobiel=identity.id, person=identity.person_id, ura=identity.ura
        )

    return await _change(desk, operator, mobiel_id, decide, once)


async def end_mobiel(
    desk: Desk,
    operator: Operator,
    mobiel_id: MobielId,
    once: Once[MobielChange] | None = None,
) -> MobielChange:
    """End a blocked one for ever: its person may have a card, or register another one.

    Raises:
        NotFound, Forbidden, Refused, AnsweredBefore, IdempotencyMismatch, StoreUnavailable: as
            `block_mobiel`.
    """

    def decide(session: Registration, identity: MobielIdentity) -> tuple[MobielIdentity, Event]:
        changed = ended(identity, at=session.now)
        return changed, MobielEnded(mobiel=identity.id, person=identity.person_id, ura=identity.ura)

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


Decision = Callable[[Registration, MobielIdentity], tuple[MobielIdentity, Event]]


async def _change(
    desk: Desk,
    operator: Operator,
    mobiel_id: MobielId,
    decide: Decision,
    once: Once[MobielChange] | None,
) -> MobielChange:
    def change(session: Registration) -> MobielChange:
        identity = session.mobiel(mobiel_id)
        if identity is None:
            raise NotFound(what="ZORG-ID Mobiel", message=f"no ZORG-ID Mobiel {mobiel_id}")
        require_for_organisation(operator, Action.MANAGE_MOBIEL, identity.ura)
        changed, event = decide(session, identity)
        session.put_mobiel(changed)
        return MobielChange(identity=changed, entry=session.record(event, actor(operator)))

    async with refusals_recorded(desk.store, Asker(actor=actor(operator)), desk.restraint):
        return await write_once(desk, change, once)
