"""Making a card by hand through its edge, and what a card that was made holds."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from card_writer.card_edge import CardDiffers, HolderCard, Phase, PinCharacters
from card_writer.piv.card import PivCard
from card_writer.piv.rights import PivSettings, Transport
from card_writer.secret import Secret
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import CardNumber, IdempotencyKey
from virtual_card.piv import PivCard as VirtualCard
from virtual_card.piv_keys import TRANSPORT_KEY
from virtual_card.reader import ChipReader

NUMBER = CardNumber("ZID-0001")
ORDER = IdempotencyKey("k" * 32)
PIN, PUK = b"aB3$x9", b"86420975"
MASTER = Secret(bytes(range(40)))
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SETTINGS = PivSettings(pin_characters=PinCharacters.PRINTABLE_ASCII, ask_vendor=True, master=MASTER)


class Counting:
    """Chance that repeats itself."""

    def octets(self, count: int) -> bytes:
        return bytes(range(count))


def at(
    reader: Transport, settings: PivSettings = SETTINGS, key_type: KeyType = KeyType.P256
) -> PivCard:
    return PivCard.at(
        reader, settings=settings, entropy=Counting(), key_type=key_type, printed=NUMBER
    )


CA_KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(public: CertificatePublicKeyTypes, name: str) -> bytes:
    """As long as a real one signed by RSA-4096."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    padding = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), bytes(1200))
    made = x509.CertificateBuilder(subject, subject, public, 7, NOW, NOW + timedelta(days=1095))
    signed = made.add_extension(padding, critical=False).sign(CA_KEY, hashes.SHA256())
    return signed.public_bytes(Encoding.DER)


ISSUERS = (certificate(CA_KEY.public_key(), "CA"), certificate(CA_KEY.public_key(), "Root"))


def make(card: HolderCard, server: dict[str, bytes]) -> None:
    """What the flow does, from any state; ``server`` certifies a key once."""
    if card.order_key() is None:
        card.begin_order(ORDER)
    phase = card.state().phase
    if phase is Phase.ORDERED:
        card.begin()
        card.ensure_key()
        request = x509.load_der_x509_csr(card.certification_request())
        assert request.is_signature_valid
        server.setdefault("leaf", certificate(request.public_key(), "Jan"))
        chain = (server["leaf"], *ISSUERS)
        card.write_certificates(chain)
        if card.certificates() != chain:
            raise CardDiffers(message="not what was written", next_step="repeat")
    if phase is not Phase.OPERATIONAL:
        card.hand_over(pin=Secret(PIN), puk=Secret(PUK))
        card.start_afresh()
        card.log_in(Secret(PIN))
        card.sign(b"challenge")
        card.finish()


def assert_made(chip: VirtualCard, server: dict[str, bytes]) -> None:
    assert (chip.pin.value, chip.puk.value) == (PIN + b"\xff\xff", PUK)
    assert (chip.pin.left, chip.puk.left) == (3, 3)
    assert chip.lock.key != TRANSPORT_KEY
    held = x509.load_der_x509_certificate(server["leaf"])
    assert held.public_key() == chip.keys[0x9A].private.public_key()
    again = at(ChipReader(chip))
    assert again.state().phase is Phase.OPERATIONAL
    assert again.certificates() == (server["leaf"], *ISSUERS)
