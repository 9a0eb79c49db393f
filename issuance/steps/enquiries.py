"""Reading cards and certificates, as far as the caller may see them."""

from dataclasses import dataclass

from issuance.desk import Desk
from issuance.ports import Enquiry
from issuance.rules.permissions import Action, require_for_card
from issuance.steps.callers import missing, own_card
from pki.domain.cards import Card
from pki.domain.errors import NotFound
from pki.domain.identifiers import CardId, SerialNumber
from pki.domain.people import Operator
from pki.domain.records import IssuedCertificate, Session
from pki.domain.status import CertificateStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateState:
    """A certificate with its status now."""

    certificate: IssuedCertificate
    status: CertificateStatus


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
    """A certificate of a card that the operator may see.

    Raises:
        NotFound, Forbidden, Refused: no such certificate, or not for this operator.
    """

    def look(snapshot: Enquiry) -> CertificateState:
        certificate = snapshot.certificate(serial)
        if certificate is None:
            raise NotFound(what="certificate", message=f"no certificate {serial}")
        require_for_card(operator, Action.READ_CARD, snapshot.links_of(certificate.card_id))
        status = snapshot.status(certificate.issuer, serial)
        if status is None:
            raise NotFound(what="status", message=f"certificate {serial} has no status")
        return CertificateState(certificate=certificate, status=status)

    return await desk.reader.read(look)
