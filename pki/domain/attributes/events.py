"""What the journal says of attributes."""

from dataclasses import dataclass
from typing import ClassVar, Final

from pki.domain.events import Event
from pki.domain.identifiers import AttributeId, PersonId, Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeGiven(Event):
    """A person has this task at the organisation from now on."""

    KIND: ClassVar[str] = "attribute.given"
    attribute: AttributeId
    person: PersonId
    ura: Ura
    type: str
    task_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeEnded(Event):
    """They have it no longer: withdrawn, or they left the organisation."""

    KIND: ClassVar[str] = "attribute.ended"
    attribute: AttributeId
    person: PersonId
    ura: Ura


ATTRIBUTE_EVENTS: Final[tuple[type[Event], ...]] = (AttributeGiven, AttributeEnded)
