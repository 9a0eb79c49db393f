"""The part of the store in memory that knows people besides their cards."""

from typing import TYPE_CHECKING

from pki.domain.attributes.records import Attribute
from pki.domain.errors import Conflict
from pki.domain.identifiers import AttributeId, PersonId, Ura

if TYPE_CHECKING:
    from fakes_issuance_store import Tables


class FakePeople:
    """Attributes, on the tables of one transaction."""

    tables: "Tables"

    def attribute(self, attribute_id: AttributeId, /) -> Attribute | None:
        return self.tables.attributes.get(attribute_id)

    def attributes_at(self, ura: Ura, /) -> tuple[Attribute, ...]:
        found = [each for each in self.tables.attributes.values() if each.ura == ura]
        return tuple(sorted(found, key=lambda each: (each.type, each.task_code, each.id)))

    def attributes_of(self, person_id: PersonId, ura: Ura, /) -> tuple[Attribute, ...]:
        return tuple(each for each in self.attributes_at(ura) if each.person_id == person_id)

    def put_attribute(self, attribute: Attribute, /) -> None:
        theirs = self.attributes_of(attribute.person_id, attribute.ura)
        if any((a.type, a.task_code) == (attribute.type, attribute.task_code) for a in theirs):
            raise Conflict(message="the person has this attribute already")
        self.tables.attributes[attribute.id] = attribute

    def remove_attribute(self, attribute_id: AttributeId, /) -> None:
        del self.tables.attributes[attribute_id]
