"""A representative finishes the registration of their organisation, and becomes administrator."""

from dataclasses import dataclass

from issuance.desk import Desk
from issuance.open_session import PassProof
from issuance.operators.appoint import Appointed, NewAppointment, record_appointment
from issuance.ports import Registration
from issuance.register_operator import NewOperator, record_operator
from issuance.rules.representation import representation_refusal
from issuance.steps.challenges import taken_challenge, verify_answer
from issuance.steps.refusals import Asker, refusals_recorded
from issuance.steps.standing import refuse
from pki.domain.errors import Refused
from pki.domain.identifiers import Ura
from pki.domain.people import Actor, Operator, Organisation, Role
from pki.domain.reasons import RefusalReason
from pki.domain.records import ChallengePurpose, PassHolder
from pki.domain.registration.events import OrganisationFinished
from pki.domain.registration.organisations import finished
from pki.domain.registration.records import KnownPerson, RegistrationDocument

BY_PASS = "pass"
BY_DOCUMENT = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedByPass:
    """The organisation, and the appointment of its first administrator."""

    organisation: Organisation
    appointed: Appointed


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedByDocument:
    """The organisation and its first administrator."""

    organisation: Organisation
    administrator: Operator


async def finish_by_pass(desk: Desk, proof: PassProof) -> FinishedByPass:
    """Finish the registration of the organisation that the pass names.

    Raises:
        Unauthenticated: the challenge or its signature does not hold.
        Refused: the pass; REPRESENTATIVE_PASS; ORGANISATION_UNKNOWN or ORGANISATION_STATE: nothing
            is prepared; HOLDER_HAS_CARD: an administrator uses ZORG-ID Mobiel.
        RateLimited, PassStatusUnavailable, StoreUnavailable: try again later.
    """
    purpose = ChallengePurpose.FINISH_REGISTRATION
    challenge = await taken_challenge(desk, proof.challenge_id, purpose)
    verify_answer(desk, challenge, proof.certificate, proof.signature, proof.algorithm)
    digest = desk.pass_digest(proof.certificate)
    desk.restraint.proven_pass(digest)
    asker = Asker(actor=Actor(role=Role.REPRESENTATIVE, id=digest), pass_digest=digest)
    async with refusals_recorded(desk.store, asker, desk.restraint):
        at = desk.clock.now()
        holder = await desk.representation.verify_representative(proof.certificate, at)
        return await desk.store.write(lambda session: _finish_by_pass(desk, session, holder))


def _finish_by_pass(desk: Desk, session: Registration, holder: PassHolder) -> FinishedByPass:
    name = holder.uzi_name
    refuse(representation_refusal(session.organisation_by_ura(name.ura), name.pass_type))
    digest = desk.digest(holder.certificate_sha256)
    by = Actor(role=Role.REPRESENTATIVE, id=digest, ura=name.ura)
    organisation = _finish(session, name.ura, (BY_PASS, digest), by)
    new = NewAppointment(
        role=Role.ADMINISTRATOR,
        ura=name.ura,
        person=KnownPerson(uzi_number=name.uzi_number, name=holder.name),
    )
    appointed = record_appointment(session, desk.entropy, new, by)
    return FinishedByPass(organisation=organisation, appointed=appointed)


async def finish_by_document(desk: Desk, octets: bytes) -> FinishedByDocument:
    """Finish the registration of the organisation that signed the document.

    Raises:
        Malformed: it is no registration document.
        Refused: DOCUMENT_NOT_TRUSTED; ORGANISATION_UNKNOWN or ORGANISATION_STATE: nothing is
            prepared; HOLDER_HAS_CARD: the administrator has a smartcard.
        Conflict: the administrator's certificate is mapped to something else.
        PassStatusUnavailable, StoreUnavailable: try again later.
    """
    digest = desk.pass_digest(octets)
    asker = Asker(actor=Actor(role=Role.REPRESENTATIVE, id=digest))
    async with refusals_recorded(desk.store, asker, desk.restraint):
        document = await desk.representation.verify_document(octets, desk.clock.now())
        return await desk.store.write(lambda session: _finish_by_document(desk, session, document))


def _finish_by_document(
    desk: Desk, session: Registration, document: RegistrationDocument
) -> FinishedByDocument:
    digest = document.sha256.hex()
    by = Actor(role=Role.REPRESENTATIVE, id=digest, ura=document.ura)
    organisation = _finish(session, document.ura, (BY_DOCUMENT, digest), by)
    new = NewOperator(
        role=Role.ADMINISTRATOR,
        ura=document.ura,
        certificate=document.administrator,
        person=document.person,
    )
    administrator = record_operator(session, desk.entropy, new, by)
    return FinishedByDocument(organisation=organisation, administrator=administrator)


def _finish(session: Registration, ura: Ura, proof: tuple[str, str], by: Actor) -> Organisation:
    prepared = session.organisation_by_ura(ura)
    if prepared is None:
        raise Refused(
            reason=RefusalReason.ORGANISATION_UNKNOWN,
            message="no registration of this organisation was prepared",
            next_step="ask the ZORG-ID team to prepare it",
        )
    organisation = finished(prepared)
    session.put_organisation(organisation)
    kind, digest = proof
    event = OrganisationFinished(organisation=organisation.id, ura=ura, proof=kind, digest=digest)
    session.record(event, by)
    return organisation
