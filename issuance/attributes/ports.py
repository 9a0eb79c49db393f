"""What attributes need of the store."""

from collections.abc import Sequence
from typing import Protocol

from pki.domain.attributes.records import Attribute
from pki.domain.identifiers import AttributeId, PersonId, Ura


class AttributeReads(Protocol):
    """Who has which task."""

    def attribute(self, attribute_id: AttributeId, /) -> Attribute | None: ...
    def attributes_of(self, person_id: PersonId, ura: Ura, /) -> Sequence[Attribute]:
        """A person's at an organisation, by type and code."""

    def attributes_at(self, ura: Ura, /) -> Sequence[Attribute]:
        """Everybody's at an organisation."""


class AttributeWrites(AttributeReads, Protocol):
    """Tasks that people get and lose."""

    def put_attribute(self, attribute: Attribute, /) -> None:
        """Insert it.

        Raises:
            Conflict: the person has it already.
        """

    def remove_attribute(self, attribute_id: AttributeId, /) -> None: ...
