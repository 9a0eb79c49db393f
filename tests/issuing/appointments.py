"""People who are appointed, on the desk of fakes."""

from datetime import timedelta

from fakes.issuance import APOTHEEK, Surroundings
from issuance.operators.appoint import (
    Appointed,
    NewAppointment,
    appoint_operator,
)
from issuing.holder import NAME
from pki.domain.identifiers import Ura, UziNumber
from pki.domain.people import Role
from pki.domain.reasons import BlockReason
from pki.domain.registration.records import KnownPerson

SOMEBODY = "900054321"
TICK = timedelta(microseconds=1)
LOSS = BlockReason.LOSS


def wanted(
    role: Role = Role.BEHEERDER,
    ura: Ura = APOTHEEK,
    number: str = SOMEBODY,
    supplier: str | None = None,
) -> NewAppointment:
    person = KnownPerson(uzi_number=UziNumber(number), name=NAME)
    return NewAppointment(role=role, ura=ura, person=person, supplier=supplier)


async def appointed(around: Surroundings, new: NewAppointment | None = None) -> Appointed:
    return await appoint_operator(around.desk, around.team, new or wanted())
