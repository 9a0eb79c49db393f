"""Who was invited has the key in their telephone certified: the code, once, with a PKCS #10.

As for a card (`issuance.certify_card`): the intent with the bytes that will be signed, then the
signature, then the certificate and what follows from it, each recorded where it is decided.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from weakref import WeakValueDictionary

from issuance.certifying.ports import Prepared
from issuance.desk import Desk
from issuance.mobiel.finishing import finish, require_open
from issuance.mobiel.ports import MobielAuthority
from issuance.ports import Enquiry, Registration, VerifiedKey
from issuance.steps.codes import code_digest
from issuance.steps.intents import clear_former, give_up
from issuance.steps.refusals import Asker, refusals_recorded
from pki.domain.errors import Conflict, Unauthenticated, ZorgidError
from pki.domain.mobiel.events import MobielIntended
from pki.domain.mobiel.records import (
    MobielCertificate,
    MobielIdentity,
    MobielIntent,
    MobielInvitation,
)
from pki.domain.people import Actor, Person, Role
from pki.domain.status import Unconfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """An identity with its certificate (DER) and the chain above it, the root's last."""

    identity: MobielIdentity
    certificate: bytes
    chain: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    """What a code stands for now."""

    invitation: MobielInvitation
    person: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    authority: MobielAuthority
    prepared: Prepared
    key: VerifiedKey


class TelephoneCertifier:
    """Certifies one telephone at a time per code; others run beside it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._running: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    async def redeem(self, code: str, pkcs10: bytes) -> Redeemed:
        """Certify the key of a PKCS #10 request; the same key again gives the same certificate.

        Raises:
            Malformed, KeyRejected: the request or its key cannot be used.
            Unauthenticated: the code is unknown, withdrawn or late.
            Conflict: the code was used with another key.
            Refused: the person has a card, or another ZORG-ID Mobiel, by now; or the CA stopped.
            Unavailable: try again later, with the same code.
        """
        key = self._desk.proofs.verify_pkcs10(pkcs10)
        wanted = code_digest(code)
        lock = self._running.setdefault(wanted, asyncio.Lock())
        async with lock:
            found = await self._desk.reader.read(lambda snapshot: _looked_up(snapshot, wanted))
            if not isinstance(found, _Code):
                return self._again(*found, key)
            asker = Asker(actor=_holder(found.invitation))
            async with refusals_recorded(self._desk.store, asker, self._desk.restraint):
                return await self._certify(found, wanted, key)

    def _again(
        self, certificate: MobielCertificate, identity: MobielIdentity, key: VerifiedKey
    ) -> Redeemed:
        if certificate.key_sha256 != key.key_sha256:
            raise Conflict(
                message="the code was used, with another key",
                next_step="ask an administrator of the organisation for a new one",
            )
        chain = self._desk.authorities.of(certificate.issuer).chain
        return Redeemed(identity=identity, certificate=certificate.der, chain=chain)

    async def _certify(self, code: _Code, wanted: bytes, key: VerifiedKey) -> Redeemed:
        desk, now = self._desk, self._desk.clock.now()
        authority = desk.mobiel.issuing_mobiel(now)
        authority.check_key(key.public_key)
        prepared = authority.prepare_mobiel(code.person, key.public_key, now)
        planned = _Planned(authority=authority, prepared=prepared, key=key)
        intent = await desk.store.write(lambda session: _intend(desk, session, wanted, planned))
        try:
            der = await authority.sign(intent.tbs)
            issued = MobielCertificate(
                serial=intent.serial,
                issuer=intent.issuer,
                mobiel_id=intent.mobiel_id,
                der=der,
                not_before=prepared.not_before,
                not_after=prepared.not_after,
                key_sha256=intent.key_sha256,
            )
            by = _holder(code.invitation)
            identity = await desk.store.write(lambda session: finish(session, wanted, issued, by))
        except ZorgidError:
            await give_up(desk.store, intent)
            raise
        return Redeemed(identity=identity, certificate=der, chain=authority.chain)


def _holder(invitation: MobielInvitation) -> Actor:
    return Actor(role=Role.HOLDER, id=invitation.person_id.value, ura=invitation.ura)


def _looked_up(
    snapshot: Enquiry, wanted: bytes
) -> _Code | tuple[MobielCertificate, MobielIdentity]:
    certificate = snapshot.mobiel_certificate_by_code(wanted)
    if certificate is not None:
        identity = snapshot.mobiel(certificate.mobiel_id)
        if identity is not None:
            return certificate, identity
    invitation = snapshot.invitation_by_code(wanted)
    person = None if invitation is None else snapshot.person(invitation.person_id)
    if invitation is None or person is None:
        raise no_invitation()
    return _Code(invitation=invitation, person=person)


def _intend(desk: Desk, session: Registration, wanted: bytes, planned: _Planned) -> MobielIntent:
    prepared = planned.prepared
    invitation = session.invitation_by_code(wanted)
    if invitation is None or session.now >= invitation.expires_at:
        raise no_invitation()
    require_open(session, invitation)
    clear_former(session, session.open_mobiel_intent_of(invitation.id))
    intent = MobielIntent(
        serial=prepared.serial,
        issuer=planned.authority.issuer,
        mobiel_id=invitation.id,
        tbs=prepared.tbs,
        profile=prepared.profile,
        key_sha256=planned.key.key_sha256,
        created_at=session.now,
        lease_until=session.now + desk.limits.lease,
        not_after=prepared.not_after,
    )
    session.put_mobiel_intent(intent)
    event = MobielIntended(
        mobiel=intent.mobiel_id,
        issuer=intent.issuer,
        serial=intent.serial,
        tbs_sha256=hashlib.sha256(intent.tbs).hexdigest(),
        profile=intent.profile,
    )
    entry = session.record(event, _holder(invitation))
    session.set_status(intent.issuer, intent.serial, Unconfirmed(since=session.now), entry)
    return intent


def no_invitation() -> Unauthenticated:
    """What is said of a code that is good for nothing: not why."""
    return Unauthenticated(
        message="the code is unknown, used, withdrawn or late",
        next_step="ask an administrator of the organisation for a new one",
    )
