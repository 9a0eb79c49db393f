"""What operators' changes need of the store: whom certificates belong to, answers already given."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from issuance.logins.ports import LoginWrites
from issuance.mobiel.ports import MobielWrites
from pki.domain.identifiers import AppointmentId, IdempotencyKey, PersonId, Ura
from pki.domain.people import Operator, Role
from pki.domain.records import GivenAnswer
from pki.domain.registration.records import Appointment


class Answers(Protocol):
    """What changes were answered with, under their callers' idempotency keys."""

    def given_answer(self, asker: PersonId, key: IdempotencyKey, /) -> GivenAnswer | None: ...
    def put_answer(self, answer: GivenAnswer, /) -> None: ...


class OperatorReads(Protocol):
    """Who manages cards, and who will once they take up their appointment."""

    def mappings_of(self, person_id: PersonId, /) -> Sequence[Operator]:
        """Each client certificate that makes this person an operator."""

    def operators_of(self, ura: Ura, /) -> Sequence[Operator]:
        """Each client certificate that makes somebody an operator of this organisation."""

    def appointment(self, appointment_id: AppointmentId, /) -> Appointment | None: ...
    def appointment_by_code(self, code_sha256: bytes, /) -> Appointment | None: ...
    def appointments_of(self, ura: Ura, /) -> Sequence[Appointment]:
        """Those of an organisation, expired ones included, the first to expire first."""


class Appointments(OperatorReads, MobielWrites, Protocol):
    """Appointments, invitations to ZORG-ID Mobiel, and what becomes of both."""

    def put_appointment(self, appointment: Appointment, /) -> None: ...
    def remove_appointment(self, appointment_id: AppointmentId, /) -> None: ...
    def remove_expired_appointments(self) -> None: ...


class Mappings(Answers, Appointments, LoginWrites, Protocol):
    """Client certificates and whom they make an operator, and browsers that they let in."""

    def put_operator(self, operator: Operator, /) -> None: ...
    def operator_by_certificate(self, sha256: bytes, /) -> Operator | None: ...
    def has_operator(self, role: Role, ura: Ura | None, /, *, besides: PersonId) -> bool:
        """Whether anybody else, not blocked, has this role at this organisation."""

    def remove_mapping(self, certificate_sha256: bytes, /) -> None: ...
    def see_operator(self, certificate_sha256: bytes, at: datetime, /) -> None:
        """Remember that a certificate was used, if it still is somebody's."""
