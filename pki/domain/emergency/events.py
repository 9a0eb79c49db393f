"""What the journal says of an order to revoke many certificates.

Each card then has its own `CardBlocked` and `CardRevoked`, or `CardLapsed`; each telephone
`MobielBlocked` and `MobielEnded`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pki.domain.events import Event
from pki.domain.identifiers import PersonId
from pki.domain.reasons import RevokeReason


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationOrdered(Event):
    """Two of the ZORG-ID team signed one order: the entry's actor, and ``second``.

    ``order_sha256`` is that of the octets they signed, hexadecimal; ``certificates`` how many it
    names.
    """

    KIND: ClassVar[str] = "revocation.ordered"
    order_sha256: str
    second: PersonId
    certificates: int
    reason: RevokeReason
    compromised_since: datetime | None


EMERGENCY_EVENTS: Final[tuple[type[Event], ...]] = (RevocationOrdered,)
