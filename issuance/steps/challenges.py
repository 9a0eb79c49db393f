"""Challenges: made, handed out, and taken back once."""

from issuance.desk import ID_OCTETS, Desk
from issuance.ports import Challenges
from pki.api.challenge import NONCE_OCTETS, challenge_message
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Unauthenticated
from pki.domain.identifiers import CardId, ChallengeId
from pki.domain.records import Challenge, ChallengePurpose


def new_challenge(
    desk: Desk, session: Challenges, purpose: ChallengePurpose, card_id: CardId | None = None
) -> Challenge:
    """Make a challenge and keep it."""
    challenge = Challenge(
        id=ChallengeId.from_random(desk.entropy.octets(ID_OCTETS)),
        purpose=purpose,
        nonce=desk.entropy.octets(NONCE_OCTETS),
        expires_at=session.now + desk.limits.challenge,
        card_id=card_id,
    )
    session.put_challenge(challenge)
    return challenge


async def taken_challenge(
    desk: Desk, challenge_id: ChallengeId, purpose: ChallengePurpose, card_id: CardId | None = None
) -> Challenge:
    """Take the challenge out of the store for good, whatever comes of it.

    Raises:
        Unauthenticated: unknown, used before, too late, or meant for something else.
    """

    def take(session: Challenges) -> Challenge | None:
        challenge = session.take_challenge(challenge_id)
        return challenge if challenge is not None and session.now < challenge.expires_at else None

    challenge = await desk.store.write(take)
    if challenge is None or challenge.purpose is not purpose or challenge.card_id != card_id:
        raise Unauthenticated(
            message="the challenge is unknown, used, late or not for this",
            next_step="ask for a new challenge",
        )
    return challenge


def verify_answer(
    desk: Desk,
    challenge: Challenge,
    certificate: bytes,
    signature: bytes,
    algorithm: SignatureAlgorithm,
) -> None:
    """Check that the certificate's key signed this challenge for this server.

    Raises:
        Unauthenticated: it did not.
        Malformed: the certificate cannot be read.
    """
    message = challenge_message(
        challenge.purpose,
        audience=desk.audience,
        challenge_id=challenge.id,
        nonce=challenge.nonce,
    )
    desk.proofs.verify_challenge(certificate, message, signature, algorithm)
