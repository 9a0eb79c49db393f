"""Values about many certificates, handed between the store and whoever revokes them."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pki.domain.cards import Card
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.journal import JournalEntry
from pki.domain.mobiel.records import MobielIdentity
from pki.domain.status import CertificateStatus


class SubscriberKind(Enum):
    """What a certificate is on, or in."""

    CARD = "card"
    TELEPHONE = "telephone"


Subscriber = Card | MobielIdentity
"""What has a certificate: a card, or a ZORG-ID Mobiel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedSubscriber:
    """Whose certificate was signed, by whom, and the certificate's dates."""

    subscriber: Subscriber
    issuer: IssuerId
    serial: SerialNumber
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSerial:
    """A serial that was recorded before it was signed, and its status now.

    ``certified`` is None where it came to no certificate, or a telephone has another one since.
    """

    kind: SubscriberKind
    status: CertificateStatus
    certified: CertifiedSubscriber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberAfter:
    """A card or telephone as it is after ``entry``, and the status of its certificate since."""

    subscriber: Subscriber
    issuer: IssuerId
    serial: SerialNumber
    status: CertificateStatus
    entry: JournalEntry
