"""The new card proves that it holds the certified key; from here on it is to be trusted."""

from dataclasses import dataclass
from datetime import datetime

from issuance.desk import Desk
from issuance.linking.managing import managing_organisation
from issuance.ports import Confirmation, Enquiry
from issuance.steps.callers import holder_actor, own_card
from issuance.steps.card_change import CardChange, certificate_of, write_change
from issuance.steps.challenges import taken_challenge, verify_answer
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse_late
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.cards import Issued, confirmed
from pki.domain.errors import IntegrityBroken, Refused
from pki.domain.events import CardConfirmed
from pki.domain.identifiers import CardId, ChallengeId
from pki.domain.reasons import RefusalReason
from pki.domain.records import ChallengePurpose, IssuedCertificate, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class CardProof:
    """The card's signature of its confirmation challenge."""

    challenge_id: ChallengeId
    signature: bytes
    algorithm: SignatureAlgorithm


async def confirm_card(
    desk: Desk, holder: Session, card_id: CardId, proof: CardProof
) -> CardChange:
    """Make an issued card active and link it to the organisation of its pass, or its successor.

    Raises:
        Unauthenticated: the challenge is not this card's, or was not signed by its key.
        NotFound, Conflict: the card is not this holder's.
        Refused: the card is not `uitgegeven`, or not in time.
        StoreUnavailable: try again later with a new challenge.
    """
    asker = Asker(
        actor=holder_actor(holder),
        pass_digest=desk.digest(holder.holder.certificate_sha256),
        card=card_id,
    )
    async with refusals_recorded(desk.store, asker, desk.restraint):
        now = desk.clock.now()
        certificate = await desk.reader.read(
            lambda snapshot: _look(desk, snapshot, holder, card_id, now)
        )
        purpose = ChallengePurpose.CONFIRM_CARD
        challenge = await taken_challenge(desk, proof.challenge_id, purpose, card_id)
        verify_answer(desk, challenge, certificate.der, proof.signature, proof.algorithm)
        return await desk.store.write(lambda session: _confirm(desk, session, holder, card_id))


def _look(
    desk: Desk, snapshot: Enquiry, holder: Session, card_id: CardId, now: datetime
) -> IssuedCertificate:
    card = own_card(snapshot, snapshot.card(card_id), holder)
    refuse_late(card, now, desk.limits.unfinished)
    if not isinstance(card.phase, Issued):
        raise Refused(
            reason=RefusalReason.CARD_STATE, message="only an issued card can be confirmed"
        )
    certificate = snapshot.certificate(card.phase.serial)
    if certificate is None:
        raise IntegrityBroken(message=f"card {card_id} has no certificate in the store")
    return certificate


def _confirm(desk: Desk, session: Confirmation, holder: Session, card_id: CardId) -> CardChange:
    card = own_card(session, session.card(card_id), holder)
    refuse_late(card, session.now, desk.limits.unfinished)
    active = confirmed(card, at=session.now)
    certificate = certificate_of(session, active)
    organisation = managing_organisation(session, card.ura)
    if organisation is None:
        raise Refused(
            reason=RefusalReason.ORGANISATION_UNKNOWN,
            message="the organisation of this card is no longer registered",
        )
    event = CardConfirmed(card=card.id, issuer=certificate.issuer, serial=certificate.serial)
    change = write_change(session, active, certificate, event, holder_actor(holder, card.person_id))
    session.put_link(card.id, organisation.id, session.now)
    return change
