"""Reading what is known of people besides their cards."""

from typing import Any

import sqlalchemy as sa

from pki.domain.attributes.records import Attribute
from pki.domain.identifiers import AttributeId, PersonId, Ura
from pki.store.links.reading import LinkReads
from pki.store.people.tables import attributes


class PeopleReads(LinkReads):
    """Adds attributes."""

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

    def _attributes(self, *which: sa.ColumnElement[bool]) -> tuple[Attribute, ...]:
        c = attributes.c
        query = sa.select(attributes).where(*which).order_by(c.type, c.task_code, c.id)
        return tuple(Attribute(**_fields(row)) for row in self._rows(query))


def _fields(row: sa.Row[Any]) -> dict[str, Any]:
    return dict(zip(row._fields, row, strict=True))
