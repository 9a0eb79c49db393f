"""What is answered for which status: pure, no key, no store, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ocsp.cache import Subject
from ocsp.policy import ResponderPolicy
from pki.der.ocsp import CertId, OcspResponse, SingleResponse
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One CertID of a request; ``subject`` is None when it is not of the issuer that answers."""

    cert_id: CertId
    subject: Subject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What will be signed. ``lasting``: anyone may keep it until ``next_update``."""

    singles: tuple[SingleResponse, ...]
    this_update: datetime
    next_update: datetime
    lasting: bool


def lasts(status: CertificateStatus | None) -> bool:
    """Whether anyone may keep this status: not of what is unknown or not confirmed yet."""
    match status:
        case Good() | OnHold() | Revoked():
            return True
        case Unconfirmed() | None:
            return False


def compose(
    answers: Sequence[tuple[CertId, CertificateStatus | None]],
    *,
    this_update: datetime,
    signer_until: datetime,
    nonce: bytes | None,
    policy: ResponderPolicy,
) -> Composed:
    """One SingleResponse for each CertID, in order, echoed as asked (RFC 6960 2.2, 4.2.1).

    Nothing outlives the certificate it is signed by.
    """
    singles = tuple(
        SingleResponse(
            cert_id=cert_id,
            status=status,
            this_update=this_update,
            next_update=min(
                this_update + (policy.validity if lasts(status) else policy.brief), signer_until
            ),
        )
        for cert_id, status in answers
    )
    return Composed(
        singles=singles,
        this_update=this_update,
        next_update=min(single.next_update or this_update for single in singles),
        lasting=nonce is None and all(lasts(status) for _, status in answers),
    )


def says_what_was_composed(
    read: OcspResponse, composed: Composed, nonce: bytes | None, key_hash: bytes
) -> bool:
    """Whether a response, read back, says exactly what was to be said."""
    return (
        tuple(map(_facts, read.singles)) == tuple(map(_facts, composed.singles))
        and read.nonce == nonce
        and read.produced_at == composed.this_update
        and read.responder_key_hash == key_hash
        and not read.extended_revoke
    )


def _facts(single: SingleResponse) -> tuple[object, ...]:
    status = single.status
    match status:
        case OnHold(since=since) | Unconfirmed(since=since):
            shown: object = OnHold(since=since.replace(microsecond=0))
        case Revoked(at=at, reason=reason):
            shown = Revoked(at=at.replace(microsecond=0), reason=reason)
        case _:
            shown = status
    return single.cert_id.der, shown, single.this_update, single.next_update
