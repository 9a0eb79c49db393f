"""The ZORG-ID team prepares a registration, which a representative then finishes."""

from issuance.desk import ID_OCTETS, Desk
from issuance.ports import Registration
from issuance.register_organisation import NewOrganisation
from issuance.rules.permissions import Action, actor, require
from issuance.steps.once import Once, write_once
from pki.domain.errors import Conflict
from pki.domain.identifiers import OrganisationId
from pki.domain.people import Operator, Organisation, OrganisationKind, OrganisationState
from pki.domain.registration.events import OrganisationPrepared


async def prepare_organisation(
    desk: Desk,
    operator: Operator,
    new: NewOrganisation,
    kind: OrganisationKind,
    once: Once[Organisation] | None = None,
) -> Organisation:
    """Prepare a registration; doing so twice alike changes nothing.

    Raises:
        Forbidden: the operator is not of the ZORG-ID team.
        Conflict: the URA is known under another name or kind, or registered.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """
    require(operator, Action.REGISTER_ORGANISATION)

    def change(session: Registration) -> Organisation:
        known = session.organisation_by_ura(new.ura)
        if known is not None:
            asked = (new.name, kind, OrganisationState.PREPARED)
            if (known.name, known.kind, known.state) != asked:
                raise Conflict(message=f"organisation {new.ura} is known otherwise")
            return known
        organisation = Organisation(
            id=OrganisationId.from_random(desk.entropy.octets(ID_OCTETS)),
            ura=new.ura,
            name=new.name,
            state=OrganisationState.PREPARED,
            kind=kind,
        )
        session.put_organisation(organisation)
        event = OrganisationPrepared(organisation=organisation.id, ura=new.ura)
        session.record(event, actor(operator))
        return organisation

    return await write_once(desk, change, once)
