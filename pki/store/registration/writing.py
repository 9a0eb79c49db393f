"""Writing appointments, and when an operator was seen."""

from dataclasses import fields
from datetime import datetime

import sqlalchemy as sa

from pki.domain.identifiers import AppointmentId
from pki.domain.registration.records import Appointment
from pki.store import schema
from pki.store.people.tables import mobiel
from pki.store.people.writing import PeopleWrites
from pki.store.registration.tables import appointments


class RegistrationWrites(PeopleWrites):
    """The part of a change that is about operators to be."""

    def put_appointment(self, appointment: Appointment) -> None:
        """Insert an appointment.

        Raises:
            Conflict: there is one with this id or code.
        """
        row = {each.name: getattr(appointment, each.name) for each in fields(appointment)}
        self._write(sa.insert(appointments), row)

    def remove_appointment(self, appointment_id: AppointmentId) -> None:
        """Let its code be good for nothing."""
        self._write(sa.delete(appointments).where(appointments.c.id == appointment_id))

    def remove_expired_appointments(self) -> None:
        """Delete those that expired before `now`."""
        self._write(sa.delete(appointments).where(appointments.c.expires_at < self.now))

    def see_operator(self, certificate_sha256: bytes, at: datetime) -> None:
        """Remember that a client certificate was used; one that is mapped no more stays so."""
        for table in (schema.operators, mobiel):
            same = table.c.certificate_sha256 == certificate_sha256
            self._write(sa.update(table).where(same), {"seen_at": at})
