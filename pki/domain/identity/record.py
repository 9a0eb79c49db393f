"""What a source of identity says of a person, in one form for every source."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pki.domain.identifiers import Ura
from pki.domain.people import PersonName
from pki.domain.records import PassHolder


class Means(Enum):
    """What somebody identified themself with (identificatiemiddel)."""

    UZI_PASS = "uzi-pass"
    DEZI = "dezi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person at an organisation, as its source vouches for it until ``not_after``.

    ``number``: 9 digits, as the source counts people: a UZI number of a pass, a Dezi number of
    Dezi. They are compared within one source only. ``role``: the source's role code.
    ``evidence_sha256`` identifies what was shown: the certificate's DER, or the statement.
    """

    means: Means
    number: str
    name: PersonName
    organisation: Ura
    organisation_name: str
    role: str
    evidence_sha256: bytes
    not_after: datetime


def identity_of(holder: PassHolder) -> Identity:
    """The same person, as a UZI pass tells of them."""
    return Identity(
        means=Means.UZI_PASS,
        number=holder.uzi_name.uzi_number.value,
        name=holder.name,
        organisation=holder.uzi_name.ura,
        organisation_name=holder.organisation_name,
        role=holder.uzi_name.role,
        evidence_sha256=holder.certificate_sha256,
        not_after=holder.not_after,
    )
