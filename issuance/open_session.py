"""A care worker proves to hold a UZI pass and gets a short session in which to make one card."""

from dataclasses import dataclass

from issuance.desk import ID_OCTETS, Desk
from issuance.ports import Challenges, Sessions
from issuance.rules.eligibility import session_refusal
from issuance.steps.challenges import new_challenge, taken_challenge, verify_answer
from issuance.steps.codes import new_token, token_digest
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import applicant_of, refuse
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.events import SessionOpened
from pki.domain.identifiers import ChallengeId, SessionId
from pki.domain.people import Actor, Role
from pki.domain.records import Challenge, ChallengePurpose, PassHolder, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class PassProof:
    """A pass's authenticity certificate and its signature of a challenge."""

    challenge_id: ChallengeId
    certificate: bytes
    signature: bytes
    algorithm: SignatureAlgorithm


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OpenedSession:
    """A session with its bearer token, which only the holder keeps."""

    session: Session
    token: str


async def ask_challenge(
    desk: Desk, purpose: ChallengePurpose = ChallengePurpose.OPEN_SESSION
) -> Challenge:
    """A challenge for a pass to sign; the signature is good for this purpose alone.

    Raises:
        StoreUnavailable: try again later.
    """

    def make(session: Challenges) -> Challenge:
        return new_challenge(desk, session, purpose)

    return await desk.store.write(make)


async def open_session(desk: Desk, proof: PassProof) -> OpenedSession:
    """Open a session for the holder of a pass that may be used to make a card.

    Raises:
        Unauthenticated: the challenge or its signature does not hold.
        Refused: the pass, or what is known of its holder, does not allow a card.
        RateLimited, PassStatusUnavailable, StoreUnavailable: try again later.
    """
    purpose = ChallengePurpose.OPEN_SESSION
    challenge = await taken_challenge(desk, proof.challenge_id, purpose)
    verify_answer(desk, challenge, proof.certificate, proof.signature, proof.algorithm)
    digest = desk.pass_digest(proof.certificate)
    desk.restraint.proven_pass(digest)
    asker = Asker(actor=Actor(role=Role.HOLDER, id=digest), pass_digest=digest)
    async with refusals_recorded(desk.store, asker, desk.restraint):
        holder = await desk.passes.verify_pass(proof.certificate, desk.clock.now())
        return await desk.store.write(lambda session: _open(desk, session, holder))


def _open(desk: Desk, session: Sessions, holder: PassHolder) -> OpenedSession:
    since = session.now - desk.limits.unfinished
    _, applicant = applicant_of(session, holder.uzi_name, since)
    refuse(session_refusal(applicant))
    token = new_token(desk.entropy)
    opened = Session(
        id=SessionId.from_random(desk.entropy.octets(ID_OCTETS)),
        token_sha256=token_digest(token),
        holder=holder,
        expires_at=min(session.now + desk.limits.session, holder.not_after),
    )
    session.put_session(opened)
    event = SessionOpened(session=opened.id, pass_digest=desk.digest(holder.certificate_sha256))
    session.record(event, Actor(role=Role.HOLDER, id=opened.id.value, ura=holder.uzi_name.ura))
    return OpenedSession(session=opened, token=token)
