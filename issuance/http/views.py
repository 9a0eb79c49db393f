"""Domain values as wire types."""

from datetime import datetime

from issuance.certify_card import Certified
from issuance.open_session import OpenedSession
from issuance.operators.take_back import OperatorTaken
from issuance.organisations.reading import KnownOrganisation, organisation_version
from issuance.steps.card_change import CardChange
from issuance.steps.enquiries import CertificateState
from issuance.steps.terms import card_version
from pki.api.search import OrganisationFoundView
from pki.api.wire import (
    CardChangedView,
    CardView,
    CertificateView,
    CertifiedView,
    ChallengeView,
    ChangeView,
    HolderView,
    OperatorRemovedView,
    OperatorView,
    OrganisationView,
    SessionView,
    StatusName,
)
from pki.domain.cards import Blocked, Card, Ended, Lapsed, state_name
from pki.domain.evidence.attestation import AttestationPolicy
from pki.domain.mobiel.records import MobielCertificate
from pki.domain.people import Operator, Organisation
from pki.domain.records import Challenge, IssuedCertificate
from pki.domain.status import CertificateStatus, Good, OnHold, Revoked, Unconfirmed


def card_view(card: Card) -> CardView:
    """A card."""
    phase = card.phase
    return CardView(
        card_id=card.id,
        state=state_name(phase),
        since=phase.at,
        ura=card.ura,
        card_number=card.card_number,
        serial=card.serial,
        block_reason=phase.reason if isinstance(phase, Blocked) else None,
        revoke_reason=phase.reason if isinstance(phase, Ended) else None,
        revoked_at=phase.revoked_at if isinstance(phase, Ended | Lapsed) else None,
        version=card_version(card),
    )


def changed_view(change: CardChange) -> CardChangedView:
    """A card after a change."""
    moment = ChangeView(position=change.entry.position, at=change.entry.at)
    return CardChangedView(card=card_view(change.card), change=moment)


def challenge_view(challenge: Challenge) -> ChallengeView:
    """A challenge."""
    return ChallengeView(
        challenge_id=challenge.id,
        purpose=challenge.purpose,
        nonce=challenge.nonce,
        expires_at=challenge.expires_at,
    )


def session_view(opened: OpenedSession, attestation: AttestationPolicy) -> SessionView:
    """A session, with its token, and what is done with attestations."""
    holder = opened.session.holder
    return SessionView(
        token=opened.token,
        expires_at=opened.session.expires_at,
        holder=HolderView(
            uzi_number=holder.uzi_name.uzi_number,
            ura=holder.uzi_name.ura,
            organisation=holder.organisation_name,
            surname=holder.name.surname,
            given_names=holder.name.given_names,
            common_name=holder.name.common_name,
        ),
        eligible=True,
        attestation=attestation,
    )


def certified_view(certified: Certified) -> CertifiedView:
    """A certificate with its chain."""
    return CertifiedView(
        card=card_view(certified.card),
        certificate=certified.certificate,
        chain=list(certified.chain),
        challenge=challenge_view(certified.challenge),
    )


def organisation_view(organisation: Organisation) -> OrganisationView:
    """An organisation."""
    return OrganisationView(
        organisation_id=organisation.id,
        ura=organisation.ura,
        name=organisation.name,
        state=organisation.state,
        kind=organisation.kind,
        version=organisation_version(organisation),
    )


def organisation_found_view(known: KnownOrganisation) -> OrganisationFoundView:
    """An organisation, and which one it went into."""
    return OrganisationFoundView(
        **dict(organisation_view(known.organisation)), successor=known.successor
    )


def operator_view(operator: Operator) -> OperatorView:
    """An operator."""
    return OperatorView(operator_id=operator.id, role=operator.role, ura=operator.ura)


def operator_removed_view(taken: OperatorTaken) -> OperatorRemovedView:
    """An operator who is none any more."""
    moment = ChangeView(position=taken.entry.position, at=taken.entry.at)
    return OperatorRemovedView(
        operator_id=taken.operator, certificates=taken.certificates, change=moment
    )


def certificate_view(state: CertificateState) -> CertificateView:
    """A certificate and its status."""
    certificate, latest = state.certificate, state.latest
    name, since = _status(latest.status)
    return CertificateView(
        serial=certificate.serial,
        issuer=certificate.issuer,
        card_id=certificate.card_id if isinstance(certificate, IssuedCertificate) else None,
        mobiel_id=certificate.mobiel_id if isinstance(certificate, MobielCertificate) else None,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        certificate=certificate.der,
        status=name,
        status_since=since,
        change=ChangeView(position=latest.position, at=latest.since),
    )


def _status(status: CertificateStatus) -> tuple[StatusName, datetime | None]:
    match status:
        case Good():
            return "good", None
        case Unconfirmed(since=at):
            return "unconfirmed", at
        case OnHold(since=at):
            return "on-hold", at
        case Revoked(at=at):
            return "revoked", at
