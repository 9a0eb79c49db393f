"""What is answered for which status: pure, no key, no store, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from ocsp.cache import Subject
from ocsp.policy import ResponderPolicy
from pki.der.ocsp import CertId, OcspResponse, SingleResponse
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed

NEVER_ISSUED: Final = OnHold(since=datetime(1970, 1, 1, tzinfo=UTC))
"""How a serial that was never issued is said to be revoked (RFC 6960 2.2)."""


class Question(NamedTuple):
    """A request, what its answer is kept under, and whether somebody waits for that."""

    der: bytes
    asked: bytes
    waits: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One CertID of a request.

    ``ours``: it names the issuer that answers. ``subject``: also its serial number is one that a
    certificate can have.
    """

    cert_id: CertId
    ours: bool
    subject: Subject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known about one CertID; ``certificate_sha256`` only where it is to be shown."""

    asked: Asked
    status: CertificateStatus | None
    certificate_sha256: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What will be signed. ``lasting``: anyone may keep it until ``next_update``.

    ``extended_revoke``: something in it is called revoked because it was never issued.
    """

    singles: tuple[SingleResponse, ...]
    this_update: datetime
    next_update: datetime
    lasting: bool
    extended_revoke: bool


def lasts(status: CertificateStatus | None) -> bool:
    """Whether anyone may keep this status: not of what is unknown or not confirmed yet."""
    match status:
        case Good() | OnHold() | Revoked():
            return True
        case Unconfirmed() | None:
            return False


def compose(
    found: Sequence[Found],
    *,
    this_update: datetime,
    signer_until: datetime,
    nonce: bytes | None,
    policy: ResponderPolicy,
) -> Composed:
    """One SingleResponse for each CertID, in order, echoed as asked (RFC 6960 2.2, 4.2.1).

    Nothing outlives the certificate it is signed by.
    """
    archive_cutoff = policy.archive_cutoff(this_update)
    never_issued = [policy.extended_revoke and _never_issued(each) for each in found]
    singles = tuple(
        SingleResponse(
            cert_id=each.asked.cert_id,
            status=NEVER_ISSUED if never else each.status,
            this_update=this_update,
            next_update=min(
                this_update + (policy.validity if lasts(each.status) else policy.brief),
                signer_until,
            ),
            archive_cutoff=archive_cutoff if lasts(each.status) else None,
            certificate_sha256=each.certificate_sha256,
        )
        for each, never in zip(found, never_issued, strict=True)
    )
    return Composed(
        singles=singles,
        this_update=this_update,
        next_update=min(single.next_update or this_update for single in singles),
        lasting=nonce is None and all(lasts(each.status) for each in found),
        extended_revoke=any(never_issued),
    )


def _never_issued(found: Found) -> bool:
    return found.asked.ours and found.status is None


def says_what_was_composed(
    read: OcspResponse, composed: Composed, nonce: bytes | None, key_hash: bytes
) -> bool:
    """Whether a response, read back, says exactly what was to be said."""
    return (
        tuple(map(_facts, read.singles)) == tuple(map(_facts, composed.singles))
        and read.nonce == nonce
        and read.produced_at == composed.this_update
        and read.responder_key_hash == key_hash
        and read.extended_revoke == composed.extended_revoke
    )


def _facts(single: SingleResponse) -> tuple[object, ...]:
    status = single.status
    match status:
        case OnHold(since=since) | Unconfirmed(since=since):
            shown: object = OnHold(since=since.replace(microsecond=0))
        case Revoked(at=at, reason=reason, compromised_since=since):
            shown = Revoked(
                at=at.replace(microsecond=0),
                reason=reason,
                compromised_since=None if since is None else since.replace(microsecond=0),
            )
        case _:
            shown = status
    return (
        single.cert_id.der,
        shown,
        single.this_update,
        single.next_update,
        single.archive_cutoff,
        single.certificate_sha256,
    )
