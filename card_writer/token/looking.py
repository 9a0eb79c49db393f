"""What lies in the reader, in the words that care workers know from SafeSign."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from cryptography import x509

from card_writer.card_edge import CardGone, CardRefused, Phase
from card_writer.flow.bench import Found
from card_writer.flow.steps.base import Dialogue, do
from card_writer.flow.steps.reader import ReadCard, ReadChain
from pki.domain.identifiers import CardNumber, SerialNumber


class TokenState(Enum):
    """SafeSign's words for a token."""

    ABSENT = "afwezig"
    PRESENT = "aanwezig"
    """A card that is no ZORG-ID card, or not one that can be read."""
    NOT_INITIALISED = "niet geïnitialiseerd"
    OPERATIONAL = "operationeel"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """A card as its holder sees it; None where the card does not tell.

    ``begun``: its making was begun and is not finished. ``refused``: why it cannot be read.
    """

    state: TokenState
    begun: bool = False
    number: CardNumber | None = None
    pin_tries_left: int | None = None
    puk_tries_left: int | None = None
    serial: SerialNumber | None = None
    not_after: datetime | None = None
    refused: CardRefused | None = None


def look_at_card() -> Dialogue[TokenView]:
    """Read the card; needs no PIN.

    Raises:
        ReaderBusy: another program holds it.
    """
    try:
        found = yield from do(ReadCard(printed=None))
        chain = yield from do(ReadChain())
        return _seen(found, chain)
    except CardGone:
        return TokenView(state=TokenState.ABSENT)
    except CardRefused as refused:
        return TokenView(state=TokenState.PRESENT, refused=refused)


def _seen(found: Found, chain: tuple[bytes, ...]) -> TokenView:
    operational = found.state.phase is Phase.OPERATIONAL
    leaf = _certificate(chain[0]) if chain else None
    return TokenView(
        state=TokenState.OPERATIONAL if operational else TokenState.NOT_INITIALISED,
        begun=found.state.phase in {Phase.ORDERED, Phase.HANDING_OVER},
        number=found.number,
        pin_tries_left=found.state.pin_tries_left,
        puk_tries_left=found.state.puk_tries_left,
        serial=None if leaf is None else SerialNumber(leaf.serial_number),
        not_after=None if leaf is None else leaf.not_valid_after_utc,
    )


def _certificate(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion):
        raise CardRefused(
            message="the card holds a certificate that cannot be read",
            next_step="let an administrator revoke this card, then make a new one",
        ) from None
