"""The order that two people sign: all that will happen, in octets that anyone can make again."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pki.domain.event_codec import encode_time
from pki.domain.identifiers import SerialNumber
from pki.domain.journal import canonical_json
from pki.domain.reasons import RevokeReason

TYPE: Final = "zorgid-revocation-order"
VERSION: Final = 1

REASONS: Final[dict[str, RevokeReason]] = {
    "keyCompromise": RevokeReason.COMPROMISE,
    "superseded": RevokeReason.REPLACED,
    "cessationOfOperation": RevokeReason.LEFT_EMPLOYMENT,
    "privilegeWithdrawn": RevokeReason.BREACH_OF_TRUST,
}
"""By the names of RFC 5280 5.3.1, as the command takes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationOrder:
    """Which certificates, why, and in which installation; ``serials`` sorted, each once.

    ``compromised_since``: from when on the keys must be mistrusted, if that is known.
    """

    installation: str
    kind: str
    reason: str
    compromised_since: datetime | None
    serials: tuple[SerialNumber, ...]

    @property
    def octets(self) -> bytes:
        """The JSON that is signed: names sorted, no white space, UTF-8."""
        since = self.compromised_since
        return canonical_json(
            {
                "type": TYPE,
                "version": VERSION,
                "installation": self.installation,
                "kind": self.kind,
                "reason": self.reason,
                "compromised_since": None if since is None else encode_time(since),
                "serials": [each.hex for each in self.serials],
            }
        )

    @property
    def sha256(self) -> str:
        """Its name: the digest of what is signed, hexadecimal."""
        return hashlib.sha256(self.octets).hexdigest()

    @property
    def revoke_reason(self) -> RevokeReason:
        """The reason as cards and journal have it."""
        return REASONS[self.reason]
