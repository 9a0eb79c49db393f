"""An operator may do nothing for an organisation for a while."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from issuance.desk import Desk
from issuance.operators.last import require_another
from issuance.ports import Registration
from issuance.rules.permissions import Action, actor, require_for_organisation
from issuance.steps.once import Once, write_once
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse
from pki.domain.errors import NotFound
from pki.domain.events import Event
from pki.domain.identifiers import PersonId, Ura
from pki.domain.journal import JournalEntry
from pki.domain.people import Operator
from pki.domain.reasons import BlockReason, RefusalReason
from pki.domain.registration.events import OperatorBlocked, OperatorUnblocked


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorChange:
    """An operator after a change, and the entry that recorded it."""

    operator: Operator
    entry: JournalEntry


async def block_operator(
    desk: Desk,
    operator: Operator,
    blocked: PersonId,
    ura: Ura | None,
    reason: BlockReason,
    once: Once[OperatorChange] | None = None,
) -> OperatorChange:
    """Block all that makes a person operator of this organisation (None: of ZORG-ID).

    Raises:
        Forbidden: the one who asks is no administrator of this organisation, nor of the team.
        NotFound: the person is no operator there.
        Refused: OPERATOR_STATE: blocked already; LAST_ADMINISTRATOR (MAN 8.2).
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """

    def block(session: Registration, each: Operator) -> Operator:
        if each.blocked_at is not None:
            refuse(RefusalReason.OPERATOR_STATE)
        require_another(session, each)
        return replace(each, blocked_at=session.now)

    event = OperatorBlocked(operator=blocked, ura=ura, reason=reason)
    return await _change(desk, operator, event, block, once)


async def unblock_operator(
    desk: Desk,
    operator: Operator,
    unblocked: PersonId,
    ura: Ura | None,
    once: Once[OperatorChange] | None = None,
) -> OperatorChange:
    """Lift the block.

    Raises:
        Forbidden, NotFound, AnsweredBefore, IdempotencyMismatch, StoreUnavailable: as
            `block_operator`.
        Refused: OPERATOR_STATE: there is none.
    """

    def unblock(session: Registration, each: Operator) -> Operator:
        del session
        if each.blocked_at is None:
            refuse(RefusalReason.OPERATOR_STATE)
        return replace(each, blocked_at=None)

    event = OperatorUnblocked(operator=unblocked, ura=ura)
    return await _change(desk, operator, event, unblock, once)


async def _change(
    desk: Desk,
    operator: Operator,
    event: OperatorBlocked | OperatorUnblocked,
    decide: Callable[[Registration, Operator], Operator],
    once: Once[OperatorChange] | None,
) -> OperatorChange:
    require_for_organisation(operator, Action.BLOCK_OPERATOR, event.ura)

    def change(session: Registration) -> OperatorChange:
        theirs = [each for each in session.mappings_of(event.operator) if each.ura == event.ura]
        if not theirs:
            raise NotFound(what="operator", message=f"no operator {event.operator} there")
        return _write(session, [decide(session, each) for each in theirs], event, operator)

    async with refusals_recorded(desk.store, Asker(actor=actor(operator)), desk.restraint):
        return await write_once(desk, change, once)


def _write(
    session: Registration, changed: list[Operator], event: Event, by: Operator
) -> OperatorChange:
    for each in changed:
        session.put_operator(each)
    return OperatorChange(operator=changed[0], entry=session.record(event, actor(by)))
