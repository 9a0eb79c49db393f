"""Whether a card works: it signs, its chain holds, and what its issuer says of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from card_writer.card_edge import CardDiffers, CardRefused, Phase, SecretKind
from card_writer.flow.at_reader import typed_at_reader
from card_writer.flow.bench import Found
from card_writer.flow.received import chain_holds
from card_writer.flow.steps.base import Dialogue, do
from card_writer.flow.steps.person import PutIn
from card_writer.flow.steps.reader import MakeBlank, ReadCard, ReadChain
from card_writer.flow.steps.token import AskStatus, SignAfterPin, SignAtReader
from card_writer.readers.recognition import CardKind
from card_writer.token.changing import ask_secret, unless_blocked
from pki.domain.status import Good, OnHold, Revoked
from pki.ports import Entropy

_PURPOSE: Final = b"ZORG-ID card test v1\0"
"""So that what is signed here answers no challenge."""

Status = Good | OnHold | Revoked | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """A card whose key signed and whose chain holds; ``status`` is what its issuer says of it."""

    leaf: x509.Certificate
    status: Status

    def works(self, now: datetime) -> bool:
        """Whether relying parties accept it now."""
        within = self.leaf.not_valid_before_utc <= now <= self.leaf.not_valid_after_utc
        return within and isinstance(self.status, Good)


def check_card(entropy: Entropy) -> Dialogue[Tested]:
    """Let the card sign, with its PIN, hold signature and chain, and ask for its status.

    Raises:
        CardDiffers: the signature or the chain does not hold.
        CardRefused: there is no certificate on it.
        WrongSecret, PinNotTyped, Stopped, Unavailable: as elsewhere.
    """
    yield from do(PutIn(kind=CardKind.ZORG_ID))
    found = yield from do(ReadCard(printed=None))
    chain = yield from do(ReadChain())
    if not chain:
        raise CardRefused(message="there is no certificate on it", next_step="make the card first")
    certificates = [x509.load_der_x509_certificate(each) for each in chain]
    message = _PURPOSE + entropy.octets(32)
    signature = yield from _signed(found, message)
    if not _verifies(certificates[0], signature, message):
        raise CardDiffers(
            message="the card's key is not that of its certificate", next_step=_NEW_CARD
        )
    if not chain_holds(certificates):
        raise CardDiffers(message="the chain on the card does not hold", next_step=_NEW_CARD)
    status = yield from do(AskStatus(chain=chain))
    return Tested(leaf=certificates[0], status=status)


def _signed(found: Found, message: bytes) -> Dialogue[bytes]:
    if found.characters is None:
        return (yield from do(SignAfterPin(pin=None, message=message)))
    left = found.state.pin_tries_left
    if found.keyed:
        yield from unless_blocked(SecretKind.PIN, left)
        return (yield from typed_at_reader(SignAtReader(tries_left=left, message=message)))
    with (yield from ask_secret(SecretKind.PIN, left)) as pin:
        return (yield from do(SignAfterPin(pin=pin, message=message)))


def wipe_card() -> Dialogue[bool]:
    """Make the card blank; false when it was blank already.

    Only one whose certificate is revoked for ever. A card that holds none may always be made blank:
    what was certified for it and not confirmed is revoked by itself.

    Raises:
        CardRefused: its certificate is not revoked for ever, or the card cannot be used.
        Unavailable: the card went away, or its status cannot be read.
    """
    yield from do(PutIn(kind=CardKind.ZORG_ID))
    found = yield from do(ReadCard(printed=None))
    chain = yield from do(ReadChain())
    if found.state.phase is Phase.BLANK and not chain:
        return False
    if chain and not isinstance((yield from do(AskStatus(chain=chain))), Revoked):
        raise CardRefused(
            message="the certificate on this card is not revoked",
            next_step="let an administrator block and revoke it first",
        )
    yield from do(MakeBlank())
    return True


def _verifies(leaf: x509.Certificate, signature: bytes, message: bytes) -> bool:
    key = leaf.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


_NEW_CARD: Final = "let an administrator block and revoke this card, then make a new one"
