"""The part of the store in memory that knows who manages cards, and who will."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from pki.domain.errors import Conflict
from pki.domain.identifiers import AppointmentId, PersonId, Ura
from pki.domain.mobiel.records import MobielState
from pki.domain.people import Operator, Role
from pki.domain.registration.records import Appointment

if TYPE_CHECKING:
    from fakes.issuance_store import Tables


class FakeRegistrations:
    """Operators and appointments, on the tables of one transaction."""

    tables: "Tables"
    now: datetime

    def uses_mobiel(self, person_id: PersonId, /) -> bool:
        cardless = {Role.ADMINISTRATOR, Role.BEHEERDER}
        appointed = {each.person_id for each in self.tables.appointments.values()}
        invited = {each.person_id for each in self.tables.invitations.values()}
        live = {
            each.person_id
            for each in self.tables.mobiel.values()
            if each.state is not MobielState.ENDED
        }
        return person_id in appointed | invited | live or any(
            each.role in cardless for each in self.mappings_of(person_id)
        )

    def operator_by_certificate(self, sha256: bytes, /) -> Operator | None:
        return self.tables.operators.get(sha256)

    def put_operator(self, operator: Operator, /) -> None:
        self.tables.operators[operator.certificate_sha256] = operator

    def see_operator(self, certificate_sha256: bytes, at: datetime, /) -> None:
        operator = self.operator_by_certificate(certificate_sha256)
        if operator is not None:
            self.put_operator(replace(operator, seen_at=at))
        for each in list(self.tables.mobiel.values()):
            if each.certificate_sha256 == certificate_sha256:
                self.tables.mobiel[each.id] = replace(each, seen_at=at)

    def mappings_of(self, person_id: PersonId, /) -> tuple[Operator, ...]:
        return tuple(each for each in self.tables.operators.values() if each.id == person_id)

    def operators_of(self, ura: Ura, /) -> tuple[Operator, ...]:
        found = [each for each in self.tables.operators.values() if each.ura == ura]
        return tuple(sorted(found, key=lambda each: each.certificate_sha256))

    def has_operator(self, role: Role, ura: Ura | None, /, *, besides: PersonId) -> bool:
        shut = {
            each.certificate_sha256
            for each in self.tables.mobiel.values()
            if each.state is not MobielState.REGISTERED
        }
        able = [
            each
            for each in self.tables.operators.values()
            if each.blocked_at is None and each.certificate_sha256 not in shut
        ]
        return any((o.role, o.ura) == (role, ura) and o.id != besides for o in able)

    def remove_mapping(self, certificate_sha256: bytes, /) -> None:
        del self.tables.operators[certificate_sha256]

    def appointment(self, appointment_id: AppointmentId, /) -> Appointment | None:
        return self.tables.appointments.get(appointment_id)

    def appointment_by_code(self, code_sha256: bytes, /) -> Appointment | None:
        kept = self.tables.appointments.values()
        return next((each for each in kept if each.code_sha256 == code_sha256), None)

    def appointments_of(self, ura: Ura, /) -> tuple[Appointment, ...]:
        found = [each for each in self.tables.appointments.values() if each.ura == ura]
        return tuple(sorted(found, key=lambda each: (each.expires_at, each.id)))

    def put_appointment(self, appointment: Appointment, /) -> None:
        if appointment.id in self.tables.appointments:
            raise Conflict(message="this appointment is there already")
        self.tables.appointments[appointment.id] = appointment

    def remove_appointment(self, appointment_id: AppointmentId, /) -> None:
        self.tables.appointments.pop(appointment_id, None)

    def remove_expired_appointments(self) -> None:
        kept = {k: a for k, a in self.tables.appointments.items() if a.expires_at >= self.now}
        self.tables.appointments = kept
