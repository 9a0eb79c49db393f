"""A telephone's certificate was signed: the identity begins with it, or goes on with it."""

import hashlib
from dataclasses import replace

from issuance.operators.mappings import add_mapping, end_mapping
from issuance.ports import Registration
from issuance.steps.standing import refuse
from pki.domain.errors import Conflict, Unauthenticated, Unavailable
from pki.domain.mobiel.events import MobielRegistered, MobielRenewed, MobielSuperseded
from pki.domain.mobiel.identities import renewed, revoked_at
from pki.domain.mobiel.records import (
    MobielCertificate,
    MobielIdentity,
    MobielInvitation,
    MobielState,
)
from pki.domain.people import Actor
from pki.domain.reasons import RefusalReason, RevocationReason
from pki.domain.status import Good, Revoked


def require_open(session: Registration, invitation: MobielInvitation) -> None:
    """Whether the invitation can still become a certificate.

    Raises:
        Refused: HOLDER_HAS_CARD; MOBIEL_STATE: another identity is theirs, or this one has ended.
    """
    if session.live_card_of(invitation.person_id) is not None:
        refuse(RefusalReason.HOLDER_HAS_CARD)
    theirs = session.mobiel_of(invitation.person_id)
    this = session.mobiel(invitation.id)
    if theirs != this:
        refuse(RefusalReason.MOBIEL_STATE)


def finish(
    session: Registration, code_sha256: bytes, certificate: MobielCertificate, by: Actor
) -> MobielIdentity:
    """Keep the certificate; it is good, and the one before it is revoked, in one transaction.

    Raises:
        Unauthenticated: the invitation was withdrawn meanwhile.
        Refused: as `require_open`.
        Unavailable: signing took longer than its lease.
    """
    invitation = session.invitation_by_code(code_sha256)
    if invitation is None:
        raise Unauthenticated(
            message="the invitation was withdrawn meanwhile",
            next_step="ask an administrator of the organisation for a new one",
        )
    require_open(session, invitation)
    try:
        session.put_mobiel_certificate(certificate, code_sha256)
    except Conflict:
        raise Unavailable(
            message="signing took longer than its lease; the certificate was thrown away",
            next_step="repeat the request",
        ) from None
    session.remove_invitation(invitation.id)
    former = session.mobiel(invitation.id)
    if former is None:
        return _begin(session, invitation, certificate, by)
    return _go_on(session, former, certificate, by)


def _begin(
    session: Registration, invitation: MobielInvitation, certificate: MobielCertificate, by: Actor
) -> MobielIdentity:
    identity = MobielIdentity(
        id=invitation.id,
        person_id=invitation.person_id,
        ura=invitation.ura,
        issuer=certificate.issuer,
        serial=certificate.serial,
        certificate_sha256=hashlib.sha256(certificate.der).digest(),
        state=MobielState.REGISTERED,
        registered_at=session.now,
        state_at=session.now,
        seen_at=session.now,
    )
    session.put_mobiel(identity)
    _make_good(session, identity, MobielRegistered, by)
    return identity


def _go_on(
    session: Registration, former: MobielIdentity, certificate: MobielCertificate, by: Actor
) -> MobielIdentity:
    at = revoked_at(former, at=session.now)
    superseded = MobielSuperseded(
        mobiel=former.id, issuer=former.issuer, serial=former.serial, revoked_at=at
    )
    entry = session.record(superseded, by)
    revoked = Revoked(at=at, reason=RevocationReason.SUPERSEDED)
    session.set_status(former.issuer, former.serial, revoked, entry)
    identity = renewed(
        former,
        certificate=(certificate.issuer, certificate.serial),
        sha256=hashlib.sha256(certificate.der).digest(),
        at=session.now,
    )
    session.put_mobiel(identity)
    _make_good(session, identity, MobielRenewed, by)
    role = session.operator_by_certificate(former.certificate_sha256)
    if role is not None:
        # What the old certificate could do, the new one can, and the old one no more.
        end_mapping(session, role, by)
        add_mapping(session, replace(role, certificate_sha256=identity.certificate_sha256), by)
    return identity


def _make_good(
    session: Registration,
    identity: MobielIdentity,
    kind: type[MobielRegistered | MobielRenewed],
    by: Actor,
) -> None:
    event = kind(
        mobiel=identity.id,
        person=identity.person_id,
        ura=identity.ura,
        issuer=identity.issuer,
        serial=identity.serial,
        certificate_sha256=identity.certificate_sha256.hex(),
    )
    entry = session.record(event, by)
    session.set_status(identity.issuer, identity.serial, Good(), entry)
