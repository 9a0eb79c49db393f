"""What is kept and handed on while an organisation and its operators are registered."""

from dataclasses import dataclass
from datetime import datetime

from pki.domain.identifiers import AppointmentId, PersonId, Ura, UziNumber
from pki.domain.people import PersonName, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """Somebody who has a UZI number."""

    uzi_number: UziNumber
    name: PersonName


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """Somebody may become operator, once, with the code whose SHA-256 this is."""

    id: AppointmentId
    code_sha256: bytes
    person_id: PersonId
    role: Role
    ura: Ura
    supplier: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationDocument:
    """What an organisation states with the key of its UZI server certificate.

    ``ura`` is that of the certificate and of the document, which agree. ``administrator`` is the
    client certificate (DER) of the administrator to be, ``person`` who they are. ``sha256`` is of
    the document as it came in.
    """

    ura: Ura
    administrator: bytes
    person: KnownPerson
    sha256: bytes
