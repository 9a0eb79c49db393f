"""A ZORG-ID Mobiel identity, and the invitation it begins with."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pki.domain.identifiers import MobielId, PersonId, Ura


class MobielState(Enum):
    """While it is not `ingetrokken`, its person has no smartcard."""

    REGISTERED = "geregistreerd"
    BLOCKED = "geblokkeerd"
    ENDED = "ingetrokken"


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielIdentity:
    """A person's ZORG-ID Mobiel: the certificate in their telephone (SHA-256 of its DER).

    ``ura`` is the organisation that invited them, whose administrators manage it. ``seen_at``: when
    the certificate was used here last, to the day.
    """

    id: MobielId
    person_id: PersonId
    ura: Ura
    certificate_sha256: bytes
    state: MobielState
    registered_at: datetime
    state_at: datetime
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MobielInvitation:
    """Somebody may register their ZORG-ID Mobiel, once, with the code whose SHA-256 this is.

    ``id`` becomes that of the identity.
    """

    id: MobielId
    code_sha256: bytes
    person_id: PersonId
    ura: Ura
    expires_at: datetime
