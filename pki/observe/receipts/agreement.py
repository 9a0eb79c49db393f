"""Whether what is seen is what a change should look like. Pure."""

from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed


def agrees(expected: CertificateStatus, seen: Good | OnHold | Revoked | None) -> bool:
    """Whether an answer for one certificate shows this status.

    A status service knows no "not confirmed": that is on hold. Times are in whole seconds there.
    """
    match expected:
        case Good():
            return isinstance(seen, Good)
        case OnHold(since=since) | Unconfirmed(since=since):
            return isinstance(seen, OnHold) and seen.since == since.replace(microsecond=0)
        case Revoked(at=at, reason=reason):
            same = isinstance(seen, Revoked) and seen.at == at.replace(microsecond=0)
            return same and isinstance(seen, Revoked) and seen.reason == reason


def agrees_in_list(expected: CertificateStatus, seen: OnHold | Revoked | None) -> bool:
    """Whether a CRL shows this status: it lists what is on hold or revoked, and nothing else."""
    if isinstance(expected, Good | Unconfirmed):
        return seen is None
    return agrees(expected, seen)
