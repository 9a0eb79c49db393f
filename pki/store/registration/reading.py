"""Reading who manages cards, who will, and which cards an organisation manages."""

import sqlalchemy as sa

from pki.domain.identifiers import AppointmentId, CardId, OrganisationId, PersonId, Ura
from pki.domain.people import Operator, Role
from pki.domain.registration.records import Appointment
from pki.store import schema
from pki.store.columns import read_record
from pki.store.people.reading import PeopleReads
from pki.store.people.tables import LIVE_MOBIEL, invitations, mobiel
from pki.store.registration.tables import appointments


class RegistrationReads(PeopleReads):
    """Adds operators by person and organisation, and appointments."""

    def uses_mobiel(self, person_id: PersonId) -> bool:
        """Whether they have a ZORG-ID Mobiel or a role that rests on it, or are to get one."""
        table = schema.operators
        cardless = table.c.role.in_((Role.ADMINISTRATOR, Role.BEHEERDER))
        any_way = sa.or_(
            sa.exists().where(table.c.id == person_id, cardless),
            sa.exists().where(appointments.c.person_id == person_id),
            sa.exists().where(invitations.c.person_id == person_id),
            sa.exists().where(mobiel.c.person_id == person_id, LIVE_MOBIEL),
        )
        row = self._row(sa.select(any_way))
        return row is not None and bool(row[0])

    def mappings_of(self, person_id: PersonId) -> tuple[Operator, ...]:
        """Each client certificate that makes this person an operator."""
        return self._operators(schema.operators.c.id == person_id)

    def operators_of(self, ura: Ura) -> tuple[Operator, ...]:
        """Each client certificate that makes somebody an operator of this organisation."""
        return self._operators(schema.operators.c.ura == ura)

    def appointment(self, appointment_id: AppointmentId) -> Appointment | None:
        """An appointment that was not taken up yet, expired or not."""
        found = self._appointments(appointments.c.id == appointment_id)
        return found[0] if found else None

    def appointment_by_code(self, code_sha256: bytes) -> Appointment | None:
        """The same, by the digest of its code."""
        found = self._appointments(appointments.c.code_sha256 == code_sha256)
        return found[0] if found else None

    def appointments_of(self, ura: Ura) -> tuple[Appointment, ...]:
        """Those of an organisation that were not taken up yet, the first to expire first."""
        return self._appointments(appointments.c.ura == ura)

    def cards_linked_to(self, organisation_id: OrganisationId) -> tuple[CardId, ...]:
        """The cards that an organisation manages now, ended ones included."""
        links = schema.card_links
        current = (links.c.organisation_id == organisation_id, links.c.until.is_(None))
        query = sa.select(links.c.card_id).where(*current).order_by(links.c.card_id)
        return tuple(row.card_id for row in self._rows(query))

    def _operators(self, which: sa.ColumnElement[bool]) -> tuple[Operator, ...]:
        table = schema.operators
        query = sa.select(table).where(which).order_by(table.c.certificate_sha256)
        return tuple(read_record(Operator, row) for row in self._rows(query))

    def _appointments(self, which: sa.ColumnElement[bool]) -> tuple[Appointment, ...]:
        order = (appointments.c.expires_at, appointments.c.id)
        query = sa.select(appointments).where(which).order_by(*order)
        return tuple(read_record(Appointment, row) for row in self._rows(query))
