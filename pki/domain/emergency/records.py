"""Values about many cards, handed between the store and whoever revokes them."""

from dataclasses import dataclass
from datetime import datetime

from pki.domain.cards import Card
from pki.domain.identifiers import IssuerId
from pki.domain.journal import JournalEntry
from pki.domain.status import CertificateStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedCard:
    """A card whose certificate was signed, by whom, and the certificate's notBefore."""

    card: Card
    issuer: IssuerId
    not_before: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CardAfter:
    """A card as it is after ``entry``, and the status that its certificate has since then."""

    card: Card
    issuer: IssuerId
    status: CertificateStatus
    entry: JournalEntry
