"""Reading cards and certificates, as far as the caller may see them."""

from dataclasses import dataclass

from issuance.desk import Desk
from issuance.ports import Enquiry
from issuance.rules.permissions import Action, require_for_card, require_for_organisation
from issuance.search.ports import Subscribers
from issuance.steps.callers import missing, own_card
from pki.domain.cards import Card
from pki.domain.errors import NotFound
from pki.domain.identifiers import CardId, MobielId, SerialNumber
from pki.domain.mobiel.records import SubscriberCertificate
from pki.domain.people import Operator
from pki.domain.records import IssuedCertificate, Session, StatusInterval


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateState:
    """A certificate with its status now, and since which change."""

    certificate: SubscriberCertificate
    latest: StatusInterval


async def card_for_holder(desk: Desk, holder: Session, card_id: CardId) -> Card:
    """The holder's own card.

    Raises:
        NotFound, Conflict: it is not theirs.
    """
    return await desk.reader.read(
        lambda snapshot: own_card(snapshot, snapshot.card(card_id), holder)
    )


async def card_for_operator(desk: Desk, operator: Operator, card_id: CardId) -> Card:
    """A card that is linked to the operator's organisation.

    Raises:
        NotFound, Forbidden, Refused: no such card, or not for this operator.
    """

    def look(snapshot: Enquiry) -> Card:
        card = missing(card_id, snapshot.card(card_id))
        require_for_card(operator, Action.READ_CARD, snapshot.links_of(card_id))
        return card

    return await desk.reader.read(look)


async def certificate_for_operator(
    desk: Desk, operator: Operator, serial: SerialNumber
) -> CertificateState:
    """A certificate of a card or telephone that the operator may see.

    Raises:
        NotFound, Forbidden, Refused: no such certificate, or not for this operator.
    """

    def look(snapshot: Enquiry) -> CertificateState:
        certificate = seen_certificate(snapshot, operator, Action.READ_CARD, serial)
        history = snapshot.history(serial)
        if not history:
            raise NotFound(what="status", message=f"certificate {serial} has no status")
        return CertificateState(certificate=certificate, latest=history[-1])

    return await desk.reader.read(look)


def seen_certificate(
    known: Subscribers, operator: Operator, action: Action, serial: SerialNumber
) -> SubscriberCertificate:
    """A certificate, for whoever may do this to its card, or manages its telephone.

    Raises:
        NotFound, Forbidden, Refused: no such certificate, or not for this operator.
    """
    certificate = known.subscriber_certificate(serial)
    if certificate is None:
        raise NotFound(what="certificate", message=f"no certificate {serial}")
    if isinstance(certificate, IssuedCertificate):
        require_for_card(operator, action, known.links_of(certificate.card_id))
    else:
        require_for_mobiel(known, operator, certificate.mobiel_id)
    return certificate


def require_for_mobiel(known: Subscribers, operator: Operator, mobiel_id: MobielId) -> None:
    """Let whoever manages a ZORG-ID Mobiel see it; one that never began, the ZORG-ID team.

    Raises:
        Forbidden: the one who asks is no administrator of its organisation, nor of the team.
    """
    identity = known.mobiel(mobiel_id)
    ura = None if identity is None else identity.ura
    require_for_organisation(operator, Action.MANAGE_MOBIEL, ura)
