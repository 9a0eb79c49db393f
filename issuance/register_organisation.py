"""The ZORG-ID team registers an organisation, so that its passes may be used to make cards."""

from dataclasses import dataclass

from issuance.desk import ID_OCTETS, Desk
from issuance.ports import Registration
from issuance.rules.permissions import Action, actor, require
from issuance.steps.once import Once, write_once
from pki.domain.errors import Conflict
from pki.domain.events import OrganisationRegistered
from pki.domain.identifiers import OrganisationId, Ura
from pki.domain.people import Actor, Operator, Organisation, OrganisationState
from pki.ports import Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrganisation:
    """An organisation as the UZI register knows it."""

    ura: Ura
    name: str


async def register_organisation(
    desk: Desk,
    operator: Operator,
    new: NewOrganisation,
    once: Once[Organisation] | None = None,
) -> Organisation:
    """Register an organisation; registering it twice with the same name changes nothing.

    Raises:
        Forbidden: the operator is not of the ZORG-ID team.
        Conflict: the URA is registered under another name.
        StoreUnavailable: nothing was changed.
    """
    require(operator, Action.REGISTER_ORGANISATION)
    return await write_once(
        desk,
        lambda session: record_organisation(session, desk.entropy, new, actor(operator)),
        once,
    )


def record_organisation(
    session: Registration, entropy: Entropy, new: NewOrganisation, by: Actor
) -> Organisation:
    """As `register_organisation`, inside a transaction and without asking who it is."""
    known = session.organisation_by_ura(new.ura)
    if known is not None:
        if known.name != new.name:
            raise Conflict(message=f"organisation {new.ura} is registered under another name")
        return known
    organisation = Organisation(
        id=OrganisationId.from_random(entropy.octets(ID_OCTETS)),
        ura=new.ura,
        name=new.name,
        state=OrganisationState.REGISTERED,
    )
    session.put_organisation(organisation)
    session.record(OrganisationRegistered(organisation=organisation.id, ura=new.ura), by)
    return organisation
