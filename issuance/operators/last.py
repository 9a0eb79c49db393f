"""Somebody must be left who can do what an operator could, as long as it must be done."""

from typing import Final

from issuance.ports import Registration
from issuance.steps.standing import refuse
from pki.domain.people import Operator, OrganisationState, Role
from pki.domain.reasons import RefusalReason

_NEEDED: Final = frozenset({Role.ADMINISTRATOR, Role.ZORGID_TEAM})


def require_another(session: Registration, mapping: Operator) -> None:
    """Let this operator go only if another one can do the same there.

    Raises:
        Refused: LAST_ADMINISTRATOR: a registered organisation, or ZORG-ID, would have none left.
    """
    if mapping.role not in _NEEDED or mapping.blocked_at is not None:
        return
    if mapping.ura is not None:
        organisation = session.organisation_by_ura(mapping.ura)
        if organisation is None or organisation.state is not OrganisationState.REGISTERED:
            return
    if not session.has_operator(mapping.role, mapping.ura, besides=mapping.id):
        refuse(RefusalReason.LAST_ADMINISTRATOR)
