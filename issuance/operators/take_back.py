"""The ZORG-ID team takes back what makes somebody an operator; nobody is left without one."""

from dataclasses import dataclass

from issuance.desk import Desk
from issuance.ports import Registration
from issuance.rules.permissions import Action, actor, require
from issuance.steps.once import Once, write_once
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse
from pki.domain.errors import NotFound
from pki.domain.events import OperatorRemoved
from pki.domain.identifiers import PersonId
from pki.domain.journal import JournalEntry
from pki.domain.people import Actor, Operator, OrganisationState, Role
from pki.domain.reasons import RefusalReason


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

    Raises:
        Forbidden: the one who asks is not of the ZORG-ID team.
        NotFound: there is no such operator.
        Refused: LAST_ADMINISTRATOR: a registered organisation, or ZORG-ID, would have none left.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """
    require(operator, Action.REMOVE_OPERATOR)
    asker = Asker(actor=actor(operator))
    async with refusals_recorded(desk.store, asker, desk.restraint):
        return await write_once(
            desk, lambda session: _take_back(session, taken, actor(operator)), once
        )


def _take_back(session: Registration, taken: PersonId, by: Actor) -> OperatorTaken:
    mappings = session.mappings_of(taken)
    if not mappings:
        raise NotFound(what="operator", message=f"no operator {taken}")
    for each in mappings:
        _require_another(session, each)
    entries = []
    for each in mappings:
        session.remove_mapping(each.certificate_sha256)
        event = OperatorRemoved(
            operator=each.id,
            role=each.role.value,
            ura=each.ura,
            certificate_sha256=each.certificate_sha256.hex(),
        )
        entries.append(session.record(event, by))
    return OperatorTaken(operator=taken, certificates=len(mappings), entry=entries[-1])


def _require_another(session: Registration, mapping: Operator) -> None:
    """Somebody else must be able to do what this one could, as long as it must be done."""
    if mapping.role not in {Role.ADMINISTRATOR, Role.ZORGID_TEAM}:
        return
    if mapping.ura is not None:
        organisation = session.organisation_by_ura(mapping.ura)
        if organisation is None or organisation.state is not OrganisationState.REGISTERED:
            return
    if not session.has_operator(mapping.role, mapping.ura, besides=mapping.id):
        refuse(RefusalReason.LAST_ADMINISTRATOR)
