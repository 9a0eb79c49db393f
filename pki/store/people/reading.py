"""Reading what is known of people besides their cards."""

from typing import Any

import sqlalchemy as sa

from pki.domain.attributes.records import Attribute
from pki.domain.identifiers import AttributeId, MobielId, PersonId, Ura
from pki.domain.mobiel.records import MobielIdentity, MobielInvitation
from pki.store.links.reading import LinkReads
from pki.store.people.tables import LIVE_MOBIEL, attributes, invitations, mobiel


class PeopleReads(LinkReads):
    """Adds attributes and ZORG-ID Mobiel."""

    def attribute(self, attribute_id: AttributeId) -> Attribute | None:
        """One attribute, while somebody has it."""
        found = self._attributes(attributes.c.id == attribute_id)
        return found[0] if found else None

    def attributes_of(self, person_id: PersonId, ura: Ura) -> tuple[Attribute, ...]:
        """A person's at an organisation, by type and code."""
        return self._attributes(attributes.c.person_id == person_id, attributes.c.ura == ura)

    def attributes_at(self, ura: Ura) -> tuple[Attribute, ...]:
        """Everybody's at an organisation."""
        return self._attributes(attributes.c.ura == ura)

    def mobiel(self, mobiel_id: MobielId) -> MobielIdentity | None:
        """One ZORG-ID Mobiel, ended or not."""
        return self._mobiel(mobiel.c.id == mobiel_id)

    def mobiel_by_certificate(self, sha256: bytes) -> MobielIdentity | None:
        """The one with this certificate, ended or not."""
        return self._mobiel(mobiel.c.certificate_sha256 == sha256)

    def mobiel_of(self, person_id: PersonId) -> MobielIdentity | None:
        """The person's one that has not ended."""
        return self._mobiel(mobiel.c.person_id == person_id, LIVE_MOBIEL)

    def mobiel_at(self, ura: Ura) -> tuple[MobielIdentity, ...]:
        """Those that an organisation manages, ended ones included, the newest first."""
        query = sa.select(mobiel).where(mobiel.c.ura == ura)
        order = (mobiel.c.registered_at.desc(), mobiel.c.id)
        return tuple(MobielIdentity(**_fields(row)) for row in self._rows(query.order_by(*order)))

    def invitation(self, mobiel_id: MobielId) -> MobielInvitation | None:
        """An invitation that was not used yet, expired or not."""
        return self._invitation(invitations.c.id == mobiel_id)

    def invitation_by_code(self, code_sha256: bytes) -> MobielInvitation | None:
        """The same, by the digest of its code."""
        return self._invitation(invitations.c.code_sha256 == code_sha256)

    def invitation_of(self, person_id: PersonId) -> MobielInvitation | None:
        """The same, of a person."""
        return self._invitation(invitations.c.person_id == person_id)

    def invitations_at(self, ura: Ura) -> tuple[MobielInvitation, ...]:
        """Those of an organisation, the first to expire first."""
        c = invitations.c
        query = sa.select(invitations).where(c.ura == ura).order_by(c.expires_at, c.id)
        return tuple(MobielInvitation(**_fields(row)) for row in self._rows(query))

    def _mobiel(self, *which: sa.ColumnElement[bool] | sa.TextClause) -> MobielIdentity | None:
        row = self._row(sa.select(mobiel).where(*which))
        return None if row is None else MobielIdentity(**_fields(row))

    def _invitation(self, which: sa.ColumnElement[bool]) -> MobielInvitation | None:
        row = self._row(sa.select(invitations).where(which))
        return None if row is None else MobielInvitation(**_fields(row))

    def _attributes(self, *which: sa.ColumnElement[bool]) -> tuple[Attribute, ...]:
        c = attributes.c
        query = sa.select(attributes).where(*which).order_by(c.type, c.task_code, c.id)
        return tuple(Attribute(**_fields(row)) for row in self._rows(query))


def _fields(row: sa.Row[Any]) -> dict[str, Any]:
    return dict(zip(row._fields, row, strict=True))
