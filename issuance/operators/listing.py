"""Who manages cards for an organisation, and who is about to."""

from collections.abc import Sequence
from dataclasses import dataclass

from issuance.desk import Desk
from issuance.ports import Enquiry
from issuance.rules.permissions import Action, require_for_organisation
from pki.domain.identifiers import Ura
from pki.domain.people import Operator
from pki.domain.registration.records import Appointment


@dataclass(frozen=True, slots=True, kw_only=True)
class Operators:
    """An organisation's operators, and the appointments that may still be taken up."""

    operators: Sequence[Operator]
    appointments: Sequence[Appointment]


async def operators_for(desk: Desk, operator: Operator, ura: Ura) -> Operators:
    """The operators of an organisation, for its administrators and the ZORG-ID team.

    Raises:
        Forbidden: the one who asks is neither.
    """
    require_for_organisation(operator, Action.READ_OPERATORS, ura)
    now = desk.clock.now()

    def look(snapshot: Enquiry) -> Operators:
        return Operators(
            operators=snapshot.operators_of(ura),
            appointments=[each for each in snapshot.appointments_of(ura) if now < each.expires_at],
        )

    return await desk.reader.read(look)
