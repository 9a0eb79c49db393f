"""What the writer needs of a UZI pass and of a ZORG-ID card, whatever stands behind it.

Drivers fulfil these: a software token here, PIV cards over PC/SC and vendors' PKCS#11 modules
beside it. Every call may block; the desk makes them one after the other in a worker thread. A
driver is opened with its PIN; no PIN passes through here.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import CardNumber, IdempotencyKey


@dataclass(kw_only=True, eq=False)
class CardRefused(ZorgidError):
    """The card or token does not do what was asked, and nothing was changed on it."""

    code: ClassVar[str] = "card-refused"


@dataclass(kw_only=True, eq=False)
class CardDiffers(ZorgidError):
    """What was read back from the card is not what was written, or is not meant for it."""

    code: ClassVar[str] = "card-differs"


class PassEdge(Protocol):
    """A UZI pass: read and asked to sign, never changed."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """How its authenticity key signs."""
        ...

    def authenticity_certificate(self) -> bytes:
        """The DER of its authenticity certificate."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign with the authenticity key.

        Raises:
            CardRefused: the PIN is wrong or blocked, or there is no such key.
        """
        ...


class CardEdge(Protocol):
    """A ZORG-ID card, blank or half made: every step may be repeated."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """How its key signs."""
        ...

    def card_number(self) -> CardNumber:
        """The number printed on it."""
        ...

    def order_key(self) -> IdempotencyKey | None:
        """The key under which this card was ordered, if it was."""
        ...

    def remember_order(self, key: IdempotencyKey) -> None:
        """Keep the order's key on the card, so that a torn run can be resumed."""
        ...

    def ensure_key(self) -> None:
        """Make the key pair on the card unless there is one."""
        ...

    def certification_request(self) -> bytes:
        """A PKCS#10 request (RFC 2986, DER) signed by the card's key; its subject is ignored."""
        ...

    def write_certificates(self, chain: tuple[bytes, ...]) -> None:
        """Write the card's certificate and its issuers, DER, leaf first."""
        ...

    def certificates(self) -> tuple[bytes, ...]:
        """What is on the card, leaf first; empty when there is nothing."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign with the card's key."""
        ...

    def make_blank(self) -> None:
        """Remove key, certificates and order: only for a card whose order has ended."""
        ...
