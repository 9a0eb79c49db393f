"""Whether what the server sent belongs to this person and this card; else it is never written."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from card_writer.card_edge import CardDiffers
from pki.api.wire import CardView, CertifiedView, HolderView
from pki.der.certificate import read_certificate
from pki.der.oids import SUBJECT_ALT_NAME
from pki.der.pkcs10 import read_pkcs10
from pki.der.uzi_names import read_subject_alt_name
from pki.domain.errors import Malformed

_REPORT: Final = "report this to the ZORG-ID helpdesk; nothing was written to the card"


def check_certified(certified: CertifiedView, holder: HolderView, pkcs10: bytes) -> None:
    """Hold a certificate and its chain against the person and the key they were asked for.

    Raises:
        CardDiffers: it is somebody else's, of another key or another card, or its chain does not
            hold.
    """
    try:
        leaf = read_certificate(certified.certificate)
        named = leaf.extension(SUBJECT_ALT_NAME)
        name = None if named is None else read_subject_alt_name(named.value).name
        key = read_pkcs10(pkcs10).public_key
        chain = [x509.load_der_x509_certificate(each) for each in whole_chain(certified)]
    except (Malformed, ValueError, x509.InvalidVersion):
        raise _differs("the server sent a certificate that cannot be read") from None
    if name is None or (name.uzi_number, name.ura) != (holder.uzi_number, holder.ura):
        raise _differs("the server sent another person's certificate")
    if leaf.content.public_key != key:
        raise _differs("the server sent a certificate for another key")
    if certified.card.serial != leaf.content.serial:
        raise _differs("the server sent another card's certificate")
    if not chain_holds(chain):
        raise _differs("the server sent a chain that does not hold")


def whole_chain(certified: CertifiedView) -> tuple[bytes, ...]:
    """What belongs on the card: its certificate and the issuers', the root's last."""
    return (certified.certificate, *certified.chain)


def chain_holds(chain: Sequence[x509.Certificate]) -> bool:
    """Each signed by the next, and the last by itself."""
    try:
        for issued, issuer in pairwise((*chain, chain[-1])):
            issued.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def check_held(card: CardView, held: Sequence[bytes]) -> bytes:
    """The certificate on a card that the server knows as active.

    Raises:
        CardDiffers: the card holds none, or another one.
    """
    try:
        serial = read_certificate(held[0]).content.serial if held else None
    except Malformed:
        serial = None
    if serial is None or serial != card.serial:
        raise CardDiffers(
            message="the card does not hold the certificate that the server knows",
            next_step="let an administrator block and revoke this card, then make a new one",
        )
    return held[0]


def _differs(message: str) -> CardDiffers:
    return CardDiffers(message=message, next_step=_REPORT)
