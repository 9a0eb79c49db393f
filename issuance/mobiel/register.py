"""Who was invited registers their ZORG-ID Mobiel: the code, over TLS with its certificate."""

import hashlib

from issuance.desk import Desk
from issuance.operators.appoint import code_digest
from issuance.ports import Registration
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse
from pki.domain.errors import Conflict, Unauthenticated
from pki.domain.mobiel.events import MobielRegistered
from pki.domain.mobiel.records import MobielIdentity, MobielState
from pki.domain.people import Actor, Role
from pki.domain.reasons import RefusalReason


async def register_mobiel(desk: Desk, certificate: bytes | None, code: str) -> MobielIdentity:
    """Make the client certificate (DER), which TLS has verified, the person's ZORG-ID Mobiel.

    Raises:
        Unauthenticated: no certificate; the code is unknown, used, withdrawn or late.
        Refused: no CA of ZORG-ID Mobiel issued the certificate; the person has a card, or a
            ZORG-ID Mobiel, by now.
        Conflict: the certificate is somebody's already.
        StoreUnavailable: nothing was changed.
    """
    if certificate is None:
        raise Unauthenticated(
            message="no client certificate was given",
            next_step="use the certificate of the ZORG-ID Mobiel that is to be registered",
        )
    wanted = code_digest(code)
    found = await desk.reader.read(lambda snapshot: snapshot.invitation_by_code(wanted))
    if found is None:
        raise _no_invitation()
    digest = hashlib.sha256(certificate).digest()
    by = Actor(role=Role.HOLDER, id=found.person_id.value, ura=found.ura)
    async with refusals_recorded(desk.store, Asker(actor=by), desk.restraint):
        desk.mobiel.verify_mobiel(certificate, desk.clock.now())
        return await desk.store.write(lambda session: _register(session, wanted, digest, by))


def _register(
    session: Registration, code_sha256: bytes, certificate: bytes, by: Actor
) -> MobielIdentity:
    invitation = session.invitation_by_code(code_sha256)
    if invitation is None or session.now >= invitation.expires_at:
        raise _no_invitation()
    person_id = invitation.person_id
    if session.live_card_of(person_id) is not None:
        refuse(RefusalReason.HOLDER_HAS_CARD)
    if session.mobiel_of(person_id) is not None:
        refuse(RefusalReason.MOBIEL_STATE)
    operator = session.operator_by_certificate(certificate)
    anothers = operator is not None and operator.id != person_id
    if anothers or session.mobiel_by_certificate(certificate) is not None:
        raise Conflict(
            message="the certificate is somebody's already",
            next_step="let ZORG-ID Mobiel make a new key",
        )
    identity = MobielIdentity(
        id=invitation.id,
        person_id=person_id,
        ura=invitation.ura,
        certificate_sha256=certificate,
        state=MobielState.REGISTERED,
        registered_at=session.now,
        state_at=session.now,
        seen_at=session.now,
    )
    session.put_mobiel(identity)
    session.remove_invitation(invitation.id)
    event = MobielRegistered(
        mobiel=identity.id,
        person=person_id,
        ura=identity.ura,
        certificate_sha256=certificate.hex(),
    )
    session.record(event, by)
    return identity


def _no_invitation() -> Unauthenticated:
    return Unauthenticated(
        message="the code is unknown, used, withdrawn or late",
        next_step="ask an administrator of the organisation for a new one",
    )
