"""Persons, organisations, and who acts."""

from dataclasses import dataclass
from datetime import date, datetime
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
    """A registration stays good for making cards after the organisation has closed or merged."""

    PREPARED = "voorbereid"
    REGISTERED = "geregistreerd"
    CLOSED = "afgesloten"
    MERGED = "samengevoegd"


class OrganisationKind(Enum):
    """Who may finish a registration depends on it."""

    CARE_PROVIDER = "zorgaanbieder"
    HUISARTSENPOST = "huisartsenpost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A care provider (abonnee), registered for ZORG-ID Smartcard unless it is only prepared.

    ``successor`` is the organisation that it went into; one that has merged has one, no other has.
    """

    id: OrganisationId
    ura: Ura
    name: str
    state: OrganisationState
    kind: OrganisationKind = OrganisationKind.CARE_PROVIDER
    successor: OrganisationId | None = None

    def __post_init__(self) -> None:
        """Refuse a successor without a merger, and the other way round.

        Raises:
            Malformed: they contradict each other.
        """
        if (self.state is OrganisationState.MERGED) is (self.successor is None):
            raise Malformed(what="organisation", message="a merged organisation has a successor")

    @property
    def makes_cards(self) -> bool:
        """Whether passes that name it may be used to make cards."""
        return self.state is not OrganisationState.PREPARED


class Role(Enum):
    """Who may do what is decided by role and organisation (one table, in `issuance`)."""

    HOLDER = "zorgmedewerker"
    REPRESENTATIVE = "vertegenwoordiger"
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
    team only. ``supplier``: the leverancier that the person works for. ``blocked_at``: since when
    they may do nothing. ``seen_at``: when the certificate was used last, to the day.
    """

    id: PersonId
    role: Role
    ura: Ura | None
    certificate_sha256: bytes
    supplier: str | None = None
    blocked_at: datetime | None = None
    seen_at: datetime | None = None
