"""An attribute as it is kept."""

from dataclasses import dataclass
from datetime import datetime

from pki.domain.identifiers import AttributeId, PersonId, Ura


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A person has a task at an organisation: a type, and a code (taakcode) of that type."""

    id: AttributeId
    person_id: PersonId
    ura: Ura
    type: str
    task_code: str
    since: datetime
