"""The card's key is certified: the intent first, then the signature, then the certificate.

(a) One transaction records the decision with the serial and the bytes that will be signed. (b) They
are signed, outside any transaction. (c) One transaction keeps the certificate. Whatever stops in
between, the journal knows the serial of every certificate, and no bytes are signed twice.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from weakref import WeakValueDictionary

from issuance.certifying.ports import Prepared
from issuance.desk import Desk
from issuance.ports import (
    Certification,
    CertificationAuthority,
    Enquiry,
    VerifiedKey,
)
from issuance.steps.callers import holder_actor, missing, own_card
from issuance.steps.card_change import certificate_of
from issuance.steps.challenges import new_challenge
from issuance.steps.intents import clear_former, give_up
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse_late
from pki.domain.cards import Card, Issued, Ordered, certified
from pki.domain.errors import Conflict, IntegrityBroken, Refused, Unavailable
from pki.domain.events import CertificateIntended, CertificateIssued
from pki.domain.evidence.attestation import Attestation, CardKeyAttested
from pki.domain.identifiers import CardId, IssuerId
from pki.domain.reasons import RefusalReason
from pki.domain.records import (
    Challenge,
    ChallengePurpose,
    Intent,
    IssuedCertificate,
    Session,
)
from pki.domain.status import Unconfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A card with its certificate, on hold, and what its key must sign next.

    ``chain`` is that of the generation that issued it: its certificate first, the root's last.
    """

    card: Card
    certificate: bytes
    chain: tuple[bytes, ...]
    challenge: Challenge


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """PKCS#10 (DER) of the card's key, and its maker's proof of where the key was made."""

    pkcs10: bytes
    attestation: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    issuer: IssuerId
    prepared: Prepared
    key: VerifiedKey


class CardCertifier:
    """Certifies one card at a time per card; other cards run beside it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._running: WeakValueDictionary[CardId, asyncio.Lock] = WeakValueDictionary()

    async def certify(self, holder: Session, card_id: CardId, request: KeyRequest) -> Certified:
        """Certify the key of a PKCS#10 request; the same key again gives the same certificate.

        A proof of where the key was made is judged and kept when the key is certified first.

        Raises:
            Malformed, KeyRejected: the request or its key cannot be used.
            NotFound, Conflict: the card is not this holder's, or not ordered with this pass.
            Refused: the card's state or time, or the CA's, does not allow it; or it is not proven
                that the key was made on the card.
            Unavailable: try again later; the order then gets a new serial.
        """
        key = self._desk.proofs.verify_pkcs10(request.pkcs10)
        asker = Asker(
            actor=holder_actor(holder),
            pass_digest=self._desk.digest(holder.holder.certificate_sha256),
            card=card_id,
        )
        lock = self._running.setdefault(card_id, asyncio.Lock())
        async with refusals_recorded(self._desk.store, asker, self._desk.restraint), lock:
            return await self._certify(holder, card_id, key, request.attestation)

    async def _certify(
        self, holder: Session, card_id: CardId, key: VerifiedKey, attestation: tuple[bytes, ...]
    ) -> Certified:
        desk = self._desk

        def look(snapshot: Enquiry) -> Card:
            return own_card(snapshot, snapshot.card(card_id), holder)

        card = await desk.reader.read(look)
        if isinstance(card.phase, Issued):
            return await desk.store.write(lambda session: _repeat(desk, session, card, key))
        now = desk.clock.now()
        authority = desk.authorities.issuing(now)
        authority.check_key(key.public_key)
        kept = desk.attestation.kept_of(attestation, key.public_key, now)
        prepared = authority.prepare_card(holder.holder, key.public_key, now)
        planned = _Planned(issuer=authority.issuer, prepared=prepared, key=key)
        intent = await desk.store.write(
            lambda session: _intend(desk, session, holder, card.id, planned)
        )
        certificate = await self._signed(authority, intent)
        issued = IssuedCertificate(
            serial=intent.serial,
            issuer=intent.issuer,
            card_id=card.id,
            der=certificate,
            not_before=prepared.not_before,
            not_after=prepared.not_after,
            key_sha256=intent.key_sha256,
        )
        return await desk.store.write(lambda session: _finish(desk, session, holder, issued, kept))

    async def _signed(self, authority: CertificationAuthority, intent: Intent) -> bytes:
        try:
            return await authority.sign(intent.tbs)
        except (Unavailable, IntegrityBroken):
            await give_up(self._desk.store, intent)
            raise


def _repeat(desk: Desk, session: Certification, seen: Card, key: VerifiedKey) -> Certified:
    card = session.card(seen.id) or seen
    certificate = certificate_of(session, card)
    if not isinstance(card.phase, Issued) or certificate.key_sha256 != key.key_sha256:
        raise Refused(
            reason=RefusalReason.CARD_STATE,
            message="the card was certified already, with another key or longer ago",
        )
    refuse_late(card, session.now, desk.limits.unfinished)
    challenge = new_challenge(desk, session, ChallengePurpose.CONFIRM_CARD, card.id)
    return Certified(
        card=card,
        certificate=certificate.der,
        chain=desk.authorities.of(certificate.issuer).chain,
        challenge=challenge,
    )


def _intend(
    desk: Desk,
    session: Certification,
    holder: Session,
    card_id: CardId,
    planned: _Planned,
) -> Intent:
    prepared = planned.prepared
    # Whose card it is was seen when it was looked up, and never changes; its phase does.
    card = missing(card_id, session.card(card_id))
    refuse_late(card, session.now, desk.limits.unfinished)
    if not isinstance(card.phase, Ordered):
        raise Refused(
            reason=RefusalReason.CARD_STATE, message="only an ordered card can be certified"
        )
    clear_former(session, session.open_intent_of(card_id))
    intent = Intent(
        serial=prepared.serial,
        issuer=planned.issuer,
        card_id=card_id,
        tbs=prepared.tbs,
        profile=prepared.profile,
        key_sha256=planned.key.key_sha256,
        created_at=session.now,
        lease_until=session.now + desk.limits.lease,
        not_after=prepared.not_after,
    )
    session.put_intent(intent)
    event = CertificateIntended(
        card=card_id,
        issuer=intent.issuer,
        serial=intent.serial,
        tbs_sha256=hashlib.sha256(intent.tbs).hexdigest(),
        profile=intent.profile,
    )
    entry = session.record(event, holder_actor(holder, card.person_id))
    hold = Unconfirmed(since=session.now)
    session.set_status(intent.issuer, intent.serial, hold, entry)
    return intent


def _finish(
    desk: Desk,
    session: Certification,
    holder: Session,
    issued: IssuedCertificate,
    attested: tuple[bytes, ...],
) -> Certified:
    card = missing(issued.card_id, session.card(issued.card_id))
    try:
        session.put_certificate(issued)
    except Conflict:
        raise Unavailable(
            message="signing took longer than its lease; the certificate was thrown away",
            next_step="repeat the request",
        ) from None
    card = certified(card, serial=issued.serial, at=session.now)
    session.put_card(card)
    event = CertificateIssued(
        card=card.id,
        issuer=issued.issuer,
        serial=issued.serial,
        certificate_sha256=hashlib.sha256(issued.der).hexdigest(),
    )
    session.record(event, holder_actor(holder, card.person_id))
    if attested:
        proof = Attestation(serial=issued.serial, chain=attested)
        session.put_attestation(proof)
        session.record(_attested(issued, proof), holder_actor(holder, card.person_id))
    challenge = new_challenge(desk, session, ChallengePurpose.CONFIRM_CARD, card.id)
    return Certified(
        card=card,
        certificate=issued.der,
        chain=desk.authorities.of(issued.issuer).chain,
        challenge=challenge,
    )


def _attested(issued: IssuedCertificate, proof: Attestation) -> CardKeyAttested:
    return CardKeyAttested(
        card=issued.card_id,
        issuer=issued.issuer,
        serial=issued.serial,
        attestation_sha256=proof.sha256,
    )
