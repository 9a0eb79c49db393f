"""Who was appointed becomes operator: the code, over TLS with their own client certificate."""

import hashlib

from issuance.desk import Desk
from issuance.ports import Registration
from issuance.register_operator import check_role, record_mapping
from issuance.steps.codes import code_digest
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse
from pki.domain.errors import Conflict, Unauthenticated
from pki.domain.people import Actor, Operator
from pki.domain.reasons import RefusalReason


async def take_up_appointment(desk: Desk, certificate: bytes | None, code: str) -> Operator:
    """Map the client certificate (DER), which TLS has verified, to what the code stands for.

    Raises:
        Unauthenticated: no certificate; the code is unknown, used, withdrawn or late.
        Refused: the organisation has merged, or a smartcard was made for them meanwhile.
        Conflict: the certificate is an operator's.
        StoreUnavailable: nothing was changed.
    """
    if certificate is None:
        raise Unauthenticated(
            message="no client certificate was given",
            next_step="use the client certificate that is to be the operator's",
        )
    digest = hashlib.sha256(certificate).digest()
    wanted = code_digest(code)
    found = await desk.reader.read(lambda snapshot: snapshot.appointment_by_code(wanted))
    if found is None:
        raise _no_appointment()
    by = Actor(role=found.role, id=found.person_id.value, ura=found.ura)
    async with refusals_recorded(desk.store, Asker(actor=by), desk.restraint):
        return await desk.store.write(lambda session: _take_up(session, wanted, digest, by))


def _take_up(session: Registration, code_sha256: bytes, certificate: bytes, by: Actor) -> Operator:
    appointment = session.appointment_by_code(code_sha256)
    if appointment is None or session.now >= appointment.expires_at:
        raise _no_appointment()
    check_role(session, appointment.role, appointment.ura, appointment.supplier)
    if session.live_card_of(appointment.person_id) is not None:
        refuse(RefusalReason.HOLDER_HAS_CARD)
    mobiel = session.mobiel_by_certificate(certificate)
    if mobiel is not None and mobiel.person_id != appointment.person_id:
        raise Conflict(
            message="the client certificate is another person's ZORG-ID Mobiel",
            next_step="use your own",
        )
    if session.operator_by_certificate(certificate) is not None:
        raise Conflict(
            message="the client certificate is mapped to an operator already",
            next_step="use another client certificate for another role or organisation",
        )
    operator = Operator(
        id=appointment.person_id,
        role=appointment.role,
        ura=appointment.ura,
        certificate_sha256=certificate,
        supplier=appointment.supplier,
        seen_at=session.now,
    )
    record_mapping(session, operator, by)
    session.remove_appointment(appointment.id)
    return operator


def _no_appointment() -> Unauthenticated:
    return Unauthenticated(
        message="the code is unknown, used, withdrawn or late",
        next_step="ask an administrator of the organisation for a new one",
    )
