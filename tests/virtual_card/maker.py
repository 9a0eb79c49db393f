"""A maker of cards, and what its cards prove with: made as Yubico's are, of keys of our own."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

ARC = "1.3.6.1.4.1.41482.3"
FIRST, LAST = datetime(2016, 3, 14, tzinfo=UTC), datetime(2052, 4, 17, tzinfo=UTC)
PIN_ONCE, PIN_NEVER = 2, 1


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def yubico(number: int, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{ARC}.{number}"), value)


@dataclass(frozen=True)
class CardMaker:
    """Its root, and the key that a card of its attests with."""

    name: str
    root_key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    card_key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)

    @cached_property
    def root(self) -> bytes:
        return self.ca(self.name, self.root_key.public_key(), path_length=1)

    @cached_property
    def of_card(self) -> bytes:
        """The certificate in the card's slot F9."""
        return self.ca(f"{self.name} Attestation", self.card_key.public_key(), path_length=0)

    def ca(
        self,
        name: str,
        public_key: ec.EllipticCurvePublicKey,
        *,
        path_length: int,
        is_ca: bool = True,
        last: datetime = LAST,
    ) -> bytes:
        """Signed by the root."""
        made = x509.CertificateBuilder(named(self.name), named(name), public_key, 1, FIRST, last)
        length = path_length if is_ca else None
        constraints = x509.BasicConstraints(ca=is_ca, path_length=length)
        return _signed(made.add_extension(constraints, critical=True), self.root_key)

    def proof(
        self,
        public_key: CertificatePublicKeyTypes,
        *,
        slot: int = 0x9A,
        pin: int | None = PIN_ONCE,
        device: int = 20261122,
        last: datetime = LAST,
    ) -> bytes:
        """What the card makes for a key in ``slot``; ``pin`` is when that wants its PIN."""
        issuer, subject = named(f"{self.name} Attestation"), named(f"PIV Attestation {slot:02x}")
        serial = x509.random_serial_number()
        made = x509.CertificateBuilder(issuer, subject, public_key, serial, FIRST, last)
        made = made.add_extension(yubico(3, b"\x05\x04\x03"), critical=False)
        number = device.to_bytes(4, "big")
        made = made.add_extension(yubico(7, b"\x02\x04" + number), critical=False)
        if pin is not None:
            made = made.add_extension(yubico(8, bytes([pin, 1])), critical=False)
        return _signed(made, self.card_key)

    def chain(self, public_key: CertificatePublicKeyTypes) -> tuple[bytes, ...]:
        """What a card writer sends."""
        return self.proof(public_key), self.of_card


@cache
def usual_maker() -> CardMaker:
    """The one that the virtual cards come from."""
    return CardMaker("Test maker of cards")


def _signed(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> bytes:
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
