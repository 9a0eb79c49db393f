"""What the writer needs of a UZI pass and of a ZORG-ID card, whatever stands behind it.

Drivers fulfil these: a software token here, PIV cards over PC/SC and vendors' PKCS#11 modules
beside it. Every call may block; the desk makes them one after the other in a worker thread. A
driver is opened with its PIN; no PIN passes through here.
"""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Protocol

from card_writer.at_reader import KeypadCard
from card_writer.secret import Secret
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import Unavailable, ZorgidError
from pki.domain.identifiers import CardNumber, IdempotencyKey


@dataclass(kw_only=True, eq=False)
class CardRefused(ZorgidError):
    """The card or token does not do what was asked, and nothing was changed on it."""

    code: ClassVar[str] = "card-refused"


@dataclass(kw_only=True, eq=False)
class CardDiffers(ZorgidError):
    """What was read back from the card is not what was written, or is not meant for it."""

    code: ClassVar[str] = "card-differs"


class SecretKind(Enum):
    """What a card asks its holder for."""

    PIN = "pin"
    PUK = "puk"


@dataclass(kw_only=True, eq=False)
class WrongSecret(CardRefused):
    """The PIN or PUK is wrong; ``tries_left`` says how often it may still be tried (0: blocked)."""

    code: ClassVar[str] = "wrong-secret"
    which: SecretKind
    tries_left: int


@dataclass(kw_only=True, eq=False)
class PinNeeded(CardRefused):
    """The card wants its PIN before it does this."""

    code: ClassVar[str] = "pin-needed"


@dataclass(kw_only=True, eq=False)
class NumberNeeded(CardRefused):
    """The card does not tell its number: somebody reads it from the card and types it in."""

    code: ClassVar[str] = "number-needed"


@dataclass(kw_only=True, eq=False)
class CardGone(Unavailable):
    """Card, reader or reader service went away.

    ``outcome_unknown``: a command was under way, and whether the card did it is not known. Read the
    card's state before going on.
    """

    code: ClassVar[str] = "card-gone"
    outcome_unknown: bool


@dataclass(kw_only=True, eq=False)
class ReaderBusy(Unavailable):
    """Another program holds the card in this reader."""

    code: ClassVar[str] = "reader-busy"


@dataclass(kw_only=True, eq=False)
class NoReader(Unavailable):
    """There is no such card reader, or the reader service does not run."""

    code: ClassVar[str] = "no-reader"


class PinCharacters(Enum):
    """What a PIN of a card may consist of."""

    DIGITS = "digits"
    PRINTABLE_ASCII = "printable-ascii"


class Phase(Enum):
    """How far the making of a card came; kept on the card itself."""

    BLANK = "blank"
    ORDERED = "ordered"
    HANDING_OVER = "handing-over"
    """PUK, PIN and administration key are being replaced: each may be the old one or the new."""
    OPERATIONAL = "operational"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardState:
    """What a card shows without a PIN.

    Numbers of tries are None where the card does not tell, and before it was handed over.
    ``handed``: PIN, PUK or administration key may no longer be the delivered ones.
    """

    phase: Phase
    pin_tries_left: int | None
    puk_tries_left: int | None
    handed: bool


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
        """The number printed on it.

        Raises:
            NumberNeeded: the card does not tell it.
            CardRefused: it is not the number that was typed in.
        """
        ...

    def order_key(self) -> IdempotencyKey | None:
        """The key under which this card was ordered, if it was."""
        ...

    def begin_order(self, key: IdempotencyKey) -> None:
        """Make the key pair on the card unless there is one, and keep the order's key beside it.

        So a torn run can be resumed.
        """
        ...

    def ensure_key(self) -> None:
        """Make the key pair on the card unless there is one."""
        ...

    def certification_request(self) -> bytes:
        """A PKCS#10 request (RFC 2986, DER) signed by the card's key; its subject is ignored."""
        ...

    def attestation(self) -> tuple[bytes, ...]:
        """Its maker's proof that its key was made on it, DER, that of the key first.

        Empty where the card gives none.
        """
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


class HolderCard(CardEdge, Protocol):
    """A card with a PIN, a PUK and an administration key, each replaced before it is handed over.

    Making one goes: `begin`, `ensure_key`, `certification_request`, `write_certificates`,
    `hand_over`, `start_afresh`, `log_in` with the holder's PIN, `sign`, `finish`. Every step may be
    repeated; after a tear `state` says where to go on.
    """

    @property
    def pin_characters(self) -> PinCharacters | None:
        """What its PIN may consist of; its length is 6 to 8. None: it has neither PIN nor PUK."""
        ...

    @property
    def keypad(self) -> KeypadCard | None:
        """Itself, where its PIN is typed at its reader; None: it is given here."""
        ...

    def state(self) -> CardState:
        """How far it is."""
        ...

    def begin(self) -> None:
        """Take the administrator's rights, and those of the PIN it was delivered with.

        In phase `HANDING_OVER` and after it the PIN is the holder's, and is left to `log_in`.

        Raises:
            CardRefused: neither the delivered nor this card's own administration key opens it.
            WrongSecret: the PIN is no longer the delivered one.
        """
        ...

    def log_in(self, pin: Secret) -> None:
        """Prove the holder's presence.

        Raises:
            WrongSecret: it is not the PIN, or the PIN is blocked.
        """
        ...

    def hand_over(self, *, pin: Secret, puk: Secret) -> None:
        """Replace PUK, PIN and administration key, in this order; repeated, it goes on.

        Repeat it with the same two: what is replaced already is found out without spending tries
        beyond one each.

        Raises:
            WrongSecret: PIN or PUK is neither the delivered one nor this one.
        """
        ...

    def finish(self) -> None:
        """Mark the card operational; the server has confirmed it."""
        ...

    def change_pin(self, *, old: Secret, new: Secret) -> None:
        """Replace the PIN.

        Raises:
            CardRefused: the new one is not of the form the card wants; no try was spent.
            WrongSecret: the old one is wrong, or blocked.
        """
        ...

    def unblock_pin(self, *, puk: Secret, new: Secret) -> None:
        """Set a new PIN with the PUK.

        Raises:
            CardRefused: the new one is not of the form the card wants; no try was spent.
            WrongSecret: the PUK is wrong, or blocked.
        """
        ...

    def start_afresh(self) -> None:
        """Reset the card, so that nothing that was proven to it before counts."""
        ...


def agreed_number(known: CardNumber | None, printed: CardNumber | None) -> CardNumber:
    """The card's number, by what it tells and what was read from its print.

    Raises:
        NumberNeeded: neither is known.
        CardRefused: they differ.
    """
    number = known or printed
    if number is None:
        raise NumberNeeded(
            message="the card does not tell its number",
            next_step="type in the number that is printed on the card",
        )
    if printed not in {None, number}:
        raise CardRefused(
            message="the card has another number than the one that was typed in",
            next_step="compare the printed number, or put the right card in",
        )
    return number
