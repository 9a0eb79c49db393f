"""Persons, organisations, and who acts."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from pki.domain.errors import Malformed
from pki.domain.identifiers import OrganisationId, PersonId, Ura, UziNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """The name attributes of a UZI certificate's subject, copied as they stand."""

    surname: str
    given_names: str
    common_name: str


@dataclass(frozen=True, slots=True, repr=False)
class BirthDate:
    """A date of birth. Its text never shows: not in `repr`, `str` or a log."""

    value: date

    @classmethod
    def parse(cls, text: str) -> "BirthDate":
        """Read ``YYYY-MM-DD``.

        Raises:
            Malformed: another form or no such day; the text is not repeated in the error.
        """
        try:
            value = date.fromisoformat(text)
        except ValueError:
            raise Malformed(
                what="birth date", message="birth date must be a day as YYYY-MM-DD"
            ) from None
        return cls(value)

    def __repr__(self) -> str:
        return "BirthDate(…)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A card holder; found by UZI number, which is the same at every employer (CPS 7.1.4)."""

    id: PersonId
    uzi_number: UziNumber
    name: PersonName


class OrganisationState(Enum):
    """A registration stays good for making cards after the organisation has closed."""

    REGISTERED = "geregistreerd"
    CLOSED = "afgesloten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A care provider (abonnee) that is registered for ZORG-ID Smartcard."""

    id: OrganisationId
    ura: Ura
    name: str
    state: OrganisationState


class Role(Enum):
    """Who may do what is decided by role and organisation (one table, in `issuance`)."""

    HOLDER = "zorgmedewerker"
    BEHEERDER = "beheerder"
    ADMINISTRATOR = "administrator"
    ZORGID_TEAM = "zorg-id-team"
    STATUS_NODE = "statusknoop"
    SYSTEM = "systeem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did it, for the journal: a role and an opaque id; the organisation where it matters."""

    role: Role
    id: str
    ura: Ura | None = None


SYSTEM = Actor(role=Role.SYSTEM, id="zorgid")
"""The service itself: time limits, CRL publication, start-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A person with a client certificate of the Services CA and one role at one organisation.

    ``certificate_sha256`` is the SHA-256 of the certificate's DER. ``ura`` is None for the ZORG-ID
    team only.
    """

    id: PersonId
    role: Role
    ura: Ura | None
    certificate_sha256: bytes
