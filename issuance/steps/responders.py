"""A status node's OCSP key is certified: short-lived, by the CA it will answer for."""

import hashlib

from issuance.desk import Desk
from issuance.ports import Journal
from issuance.rules.permissions import Action, actor, require
from pki.domain.events import ResponderCertified
from pki.domain.people import Actor, Operator


async def enrol_responder(desk: Desk, operator: Operator, pkcs10: bytes) -> bytes:
    """Certify the key of a PKCS#10 request that a status node signed with it.

    Raises:
        Forbidden: the one who asks is no status node.
        Malformed, KeyRejected: the request or its key cannot be used.
        Refused, Unavailable: the CA does not issue now.
    """
    require(operator, Action.CERTIFY_RESPONDER)
    key = desk.proofs.verify_pkcs10(pkcs10)
    return await certify_responder(desk, key.public_key, actor(operator))


async def certify_responder(desk: Desk, public_key: bytes, by: Actor) -> bytes:
    """The certificate, DER; the journal knows it before anyone else does.

    Raises:
        KeyRejected, Refused, Unavailable: as above.
    """
    prepared = desk.authority.prepare_responder(public_key, desk.clock.now())
    certificate = await desk.authority.sign(prepared.tbs)
    event = ResponderCertified(
        issuer=desk.authority.issuer,
        serial=prepared.serial,
        certificate_sha256=hashlib.sha256(certificate).hexdigest(),
    )

    def record(session: Journal) -> None:
        session.record(event, by)

    await desk.store.write(record)
    return certificate
