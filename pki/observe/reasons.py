"""Revocation as foreign readers name it, as the domain's values."""

from datetime import datetime
from typing import Final

from cryptography import x509

from pki.domain.reasons import RevocationReason
from pki.domain.status import OnHold, Revoked

_CODES: Final = {
    x509.ReasonFlags.key_compromise: RevocationReason.KEY_COMPROMISE,
    x509.ReasonFlags.ca_compromise: RevocationReason.CA_COMPROMISE,
    x509.ReasonFlags.affiliation_changed: RevocationReason.AFFILIATION_CHANGED,
    x509.ReasonFlags.superseded: RevocationReason.SUPERSEDED,
    x509.ReasonFlags.cessation_of_operation: RevocationReason.CESSATION_OF_OPERATION,
    x509.ReasonFlags.certificate_hold: RevocationReason.CERTIFICATE_HOLD,
    x509.ReasonFlags.privilege_withdrawn: RevocationReason.PRIVILEGE_WITHDRAWN,
}


def revocation(at: datetime, reason: x509.ReasonFlags | None) -> OnHold | Revoked:
    """On hold or revoked; a reason not in use here counts as revoked without one."""
    code = None if reason is None else _CODES.get(reason)
    if code is RevocationReason.CERTIFICATE_HOLD:
        return OnHold(since=at)
    return Revoked(at=at, reason=code)
