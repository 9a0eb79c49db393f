"""What a certificate's status is, in one value: every status service derives its answer from it.

Times are UTC. On the wire they have whole seconds; `datetime` values here may be finer.
"""

from dataclasses import dataclass
from datetime import datetime

from pki.domain.reasons import RevocationReason


@dataclass(frozen=True, slots=True)
class Good:
    """Issued, confirmed, neither on hold nor revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """Signed (or about to be), but the new key has not proven itself yet.

    OCSP answers revoked with certificateHold and forbids caching; no CRL and no directory shows it.
    """

    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OnHold:
    """Blocked: an interval that can be lifted (certificateHold, RFC 5280 5.3.1)."""

    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """Final. ``at`` is the start of the hold it follows, if there was one, and never moves.

    ``compromised_since``: from when on the key must be mistrusted, where that is known and earlier
    (invalidityDate, RFC 5280 5.3.2).
    """

    at: datetime
    reason: RevocationReason | None
    compromised_since: datetime | None = None


CertificateStatus = Good | Unconfirmed | OnHold | Revoked
"""The status of a recorded serial; never issued is the absence of one."""


def crl_entry(status: CertificateStatus) -> tuple[datetime, RevocationReason | None] | None:
    """Date and reason under which a CRL lists this status, or None when it does not list it."""
    match status:
        case OnHold(since=since):
            return since, RevocationReason.CERTIFICATE_HOLD
        case Revoked(at=at, reason=reason):
            return at, reason
        case Good() | Unconfirmed():
            return None
