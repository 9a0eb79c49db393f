"""After a restore: what a CRL lists and the restored store calls good is not trusted again."""

from typing import Protocol

from issuance.mobiel.manage import hold_mobiel
from issuance.ports import CardWrites, Registration
from issuance.steps.card_change import certificate_of, write_change
from pki.domain.cards import Active, Card, blocked
from pki.domain.errors import Conflict
from pki.domain.events import CardBlocked
from pki.domain.identifiers import SerialNumber
from pki.domain.mobiel.records import MobielIdentity
from pki.domain.people import SYSTEM
from pki.domain.reasons import BlockReason


class Restored(CardWrites, Registration, Protocol):
    """A transaction that finds cards and telephones by their certificates."""

    def card_by_serial(self, serial: SerialNumber, /) -> Card | None: ...
    def mobiel_by_serial(self, serial: SerialNumber, /) -> MobielIdentity | None: ...


def hold_again(session: Restored, serial: SerialNumber) -> bool:
    """Block whatever has this certificate; whether there is a card or telephone that has.

    Raises:
        Conflict: its certificate is good, and it is not in use: the store contradicts itself.
        Refused: MOBIEL_STATE: as the same of a telephone.
    """
    card, telephone = session.card_by_serial(serial), session.mobiel_by_serial(serial)
    if card is not None:
        _hold(session, card)
    if telephone is not None:
        hold_mobiel(session, telephone, BlockReason.SECURITY_INCIDENT, SYSTEM)
    return card is not None or telephone is not None


def _hold(session: Restored, card: Card) -> None:
    """Whether it was blocked or revoked: it is not trusted again."""
    if not isinstance(card.phase, Active):
        raise Conflict(message=f"card {card.id} is good and not active: examine the store")
    reason = BlockReason.SECURITY_INCIDENT
    held = blocked(card, reason=reason, at=session.now)
    certificate = certificate_of(session, held)
    event = CardBlocked(
        card=card.id, issuer=certificate.issuer, serial=certificate.serial, reason=reason
    )
    write_change(session, held, certificate, event, SYSTEM)
