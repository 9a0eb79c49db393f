"""Somebody is appointed operator: they become one with a code that is shown once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from issuance.desk import ID_OCTETS, Desk
from issuance.ports import Registration
from issuance.register_operator import check_role, person_of, require_unblocked
from issuance.rules.permissions import CARDLESS_ROLES, Action, actor, require_for_organisation
from issuance.rules.representation import APPOINTMENT_LASTS
from issuance.steps.codes import code_digest, code_from, new_code
from issuance.steps.once import Once, write_once
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse
from pki.domain.errors import Malformed, NotFound
from pki.domain.identifiers import AppointmentId, PersonId, Ura
from pki.domain.people import Actor, Operator, Role
from pki.domain.reasons import RefusalReason
from pki.domain.registration.events import AppointmentWithdrawn, OperatorAppointed
from pki.domain.registration.records import Appointment, KnownPerson
from pki.ports import Entropy

_PURPOSE: Final = b"zorgid appointment code v1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAppointment:
    """Who is to become what, where. ``supplier`` is the leverancier that they work for."""

    role: Role
    ura: Ura
    person: KnownPerson
    supplier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Appointed:
    """An appointment with its code, which nobody sees again."""

    appointment: Appointment
    code: str


async def appoint_operator(
    desk: Desk, operator: Operator, new: NewAppointment, once: Once[Appointed] | None = None
) -> Appointed:
    """Appoint an administrator or beheerder; a former appointment of theirs there is withdrawn.

    Under a key the code is `code_of` the appointment, so that none is kept for a second answer.

    Raises:
        Forbidden: the one who asks is no administrator of this organisation, nor of the team.
        Malformed: it is not a role at an organisation.
        Refused: OWN_ROLE: nobody appoints themself; or as `register_operator.register_operator`.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """
    require_for_organisation(operator, Action.APPOINT_OPERATOR, new.ura)
    if new.role not in CARDLESS_ROLES:
        raise Malformed(what="role", message="an administrator or a beheerder is appointed")

    def change(session: Registration) -> Appointed:
        known = session.person_by_uzi_number(new.person.uzi_number)
        if known is not None and known.id == operator.id:
            refuse(RefusalReason.OWN_ROLE)
        code = None if once is None else partial(code_of, desk)
        return record_appointment(session, desk.entropy, new, actor(operator), code)

    async with refusals_recorded(desk.store, Asker(actor=actor(operator)), desk.restraint):
        return await write_once(desk, change, once)


def record_appointment(
    session: Registration,
    entropy: Entropy,
    new: NewAppointment,
    by: Actor,
    code_of_it: Callable[[AppointmentId], str] | None = None,
) -> Appointed:
    """As `appoint_operator`, inside a transaction and without asking who it is.

    Without ``code_of_it`` the code is random.
    """
    check_role(session, new.role, new.ura, new.supplier)
    fresh = PersonId.from_random(entropy.octets(ID_OCTETS))
    person_id = person_of(session, fresh, new.role, new.person)
    require_unblocked(session, person_id, new.ura)
    withdraw_appointments(session, new.ura, by, person_id)
    made = AppointmentId.from_random(entropy.octets(ID_OCTETS))
    code = code_of_it(made) if code_of_it else new_code(entropy)
    appointment = Appointment(
        id=made,
        code_sha256=code_digest(code),
        person_id=person_id,
        role=new.role,
        ura=new.ura,
        supplier=new.supplier,
        expires_at=session.now + APPOINTMENT_LASTS,
    )
    session.put_appointment(appointment)
    event = OperatorAppointed(
        appointment=appointment.id,
        operator=person_id,
        role=new.role.value,
        ura=new.ura,
        supplier=new.supplier,
        expires_at=appointment.expires_at,
    )
    session.record(event, by)
    return Appointed(appointment=appointment, code=code)


async def withdraw_appointment(
    desk: Desk,
    operator: Operator,
    appointment_id: AppointmentId,
    once: Once[Appointment] | None = None,
) -> Appointment:
    """Let an appointment's code be good for nothing.

    Raises:
        NotFound: there is no such appointment, or it was taken up.
        Forbidden: the one who asks is no administrator of its organisation, nor of the team.
        AnsweredBefore, IdempotencyMismatch: the key was used before.
        StoreUnavailable: nothing was changed.
    """

    def change(session: Registration) -> Appointment:
        found = session.appointment(appointment_id)
        if found is None:
            raise NotFound(what="appointment", message=f"no appointment {appointment_id}")
        require_for_organisation(operator, Action.APPOINT_OPERATOR, found.ura)
        _withdraw(session, found, actor(operator))
        return found

    return await write_once(desk, change, once)


def withdraw_appointments(
    session: Registration, ura: Ura, by: Actor, person_id: PersonId | None = None
) -> None:
    """Withdraw what this person, or everybody, was appointed to at this organisation."""
    for each in session.appointments_of(ura):
        if person_id is None or each.person_id == person_id:
            _withdraw(session, each, by)


def code_of(desk: Desk, appointment_id: AppointmentId) -> str:
    """The code of an appointment made under a key: who has the store alone cannot make it."""
    message = _PURPOSE + bytes.fromhex(appointment_id.value)
    return code_from(desk.salt, message)


def _withdraw(session: Registration, appointment: Appointment, by: Actor) -> None:
    session.remove_appointment(appointment.id)
    event = AppointmentWithdrawn(
        appointment=appointment.id, operator=appointment.person_id, ura=appointment.ura
    )
    session.record(event, by)
