"""What makes somebody an operator is taken back; no organisation is left without one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from issuance.attributes.changes import end_attributes
from issuance.attributes.ports import AttributeWrites
from issuance.desk import Desk
from issuance.operators.appoint import withdraw_appointments
from issuance.operators.last import require_another
from issuance.operators.mappings import end_mapping
from issuance.ports import Registration
from issuance.rules.permissions import Action, Reach, actor, require
from issuance.steps.once import Once, write_once
from issuance.steps.refusals import Asker, refusals_recorded
from pki.domain.errors import NotFound
from pki.domain.identifiers import PersonId
from pki.domain.journal import JournalEntry
from pki.domain.people import Actor, Operator


class Leaving(Registration, AttributeWrites, Protocol):
    """Operators, and what they have besides their role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTaken:
    """An operator who is none any more, by which entry; ``certificates`` were mapped to them."""

    operator: PersonId
    certificates: int
    entry: JournalEntry


async def take_back_operator(
    desk: Desk, operator: Operator, taken: PersonId, once: Once[OperatorTaken] | None = None
) -> OperatorTaken:
    """Take back every mapping of a person; from the next request on they are no operator.

    An administrator takes back those to their own organisation, the ZORG-ID team all there are.

    Raises:
        Forbidden: the one who asks is neither.
        NotFound: there is no such operator.
        Refused: LAST_ADMINISTRATOR: a registered organisation, or ZORG-ID, would have none left.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """
    reach = require(operator, Action.REMOVE_OPERATOR)
    asker = Asker(actor=actor(operator))

    def change(session: Leaving) -> OperatorTaken:
        theirs = session.mappings_of(taken)
        if reach is not Reach.EVERYWHERE:
            theirs = [each for each in theirs if each.ura == operator.ura]
        return _take_back(session, taken, theirs, actor(operator))

    async with refusals_recorded(desk.store, asker, desk.restraint):
        return await write_once(desk, change, once)


def _take_back(
    session: Leaving, taken: PersonId, mappings: Sequence[Operator], by: Actor
) -> OperatorTaken:
    if not mappings:
        raise NotFound(what="operator", message=f"no operator {taken}")
    for each in mappings:
        require_another(session, each)
    entries = [end_mapping(session, each, by) for each in mappings]
    for ura in {each.ura for each in mappings if each.ura is not None}:
        withdraw_appointments(session, ura, by, taken)
        end_attributes(session, taken, ura, by)
    return OperatorTaken(operator=taken, certificates=len(mappings), entry=entries[-1])
