"""Writing what is known of people besides their cards."""

from dataclasses import fields

import sqlalchemy as sa

from pki.domain.attributes.records import Attribute
from pki.domain.identifiers import AttributeId
from pki.store.people.tables import attributes
from pki.store.short_lived.writing import ShortLivedWrites


class PeopleWrites(ShortLivedWrites):
    """The part of a change that is about people's attributes."""

    def put_attribute(self, attribute: Attribute) -> None:
        """Insert an attribute.

        Raises:
            Conflict: the person has it already.
        """
        row = {each.name: getattr(attribute, each.name) for each in fields(attribute)}
        self._write(sa.insert(attributes), row)

    def remove_attribute(self, attribute_id: AttributeId) -> None:
        """Let nobody have it any more."""
        self._write(sa.delete(attributes).where(attributes.c.id == attribute_id))
