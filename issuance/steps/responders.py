"""A status node's OCSP key is certified: short-lived, by the CA it will answer for."""

import hashlib

from issuance.desk import Desk
from issuance.ports import Journal
from issuance.rules.permissions import Action, actor, require
from pki.domain.events import Event, ResponderCertified, ResponderIntended
from pki.domain.identifiers import IssuerId
from pki.domain.people import Actor, Operator


async def enrol_responder(desk: Desk, operator: Operator, issuer: IssuerId, pkcs10: bytes) -> bytes:
    """Certify the key of a PKCS#10 request that a status node signed with it.

    Raises:
        Forbidden: the one who asks is no status node.
        NotFound: the key of that generation of the CA is not here.
        Malformed, KeyRejected: the request or its key cannot be used.
        Refused, Unavailable: the CA does not issue now.
    """
    require(operator, Action.CERTIFY_RESPONDER)
    key = desk.proofs.verify_pkcs10(pkcs10)
    return await certify_responder(desk, issuer, key.public_key, actor(operator))


async def certify_responder(desk: Desk, issuer: IssuerId, public_key: bytes, by: Actor) -> bytes:
    """The certificate, DER; the journal knows its serial before anything is signed.

    Raises:
        KeyRejected, NotFound, Refused, Unavailable: as above.
    """
    authority = desk.authorities.of(issuer)
    prepared = authority.prepare_responder(public_key, desk.clock.now())
    serial = prepared.serial
    intended = ResponderIntended(
        issuer=issuer,
        serial=serial,
        tbs_sha256=hashlib.sha256(prepared.tbs).hexdigest(),
        profile=prepared.profile,
    )
    await _record(desk, intended, by)
    certificate = await authority.sign(prepared.tbs)
    digest = hashlib.sha256(certificate).hexdigest()
    certified = ResponderCertified(issuer=issuer, serial=serial, certificate_sha256=digest)
    await _record(desk, certified, by)
    return certificate


async def _record(desk: Desk, event: Event, by: Actor) -> None:
    def record(session: Journal) -> None:
        session.record(event, by)

    await desk.store.write(record)
