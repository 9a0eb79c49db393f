# ruff: noqa: ARG002 -- it has the signatures of the ports that it fulfils
"""Software tokens: a UZI pass and a ZORG-ID card as files, for practice and tests only.

Each token is a folder that only its owner can read. Whoever can read the folder has the card:
that is what a chip is for, and why a practice installation alone should accept cards made this
way.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from card_writer.at_reader import PinEntry
from card_writer.card_edge import CardRefused, CardState, Phase
from card_writer.secret import Secret
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.identifiers import CardNumber, IdempotencyKey

SoftKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_KEY: Final = "key.pem"
_CERTIFICATES: Final = "certificates.pem"
_NUMBER: Final = "card_number"
_ORDER: Final = "order_key"
_FINISHED: Final = "finished"
_RSA_BITS: Final = {KeyType.RSA_2048: 2048, KeyType.RSA_3072: 3072}


def _write(path: Path, content: bytes) -> None:
    """Replace the file as a whole, so that a torn run leaves the old or the new one."""
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _load_key(path: Path) -> SoftKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise CardRefused(
            message="the token has no usable key", next_step="take another token"
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CardRefused(message="the token's key is of another type", next_step="take another")
    return key


def _algorithm(key: SoftKey | CertificatePublicKeyTypes) -> SignatureAlgorithm:
    is_rsa = isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey)
    return SignatureAlgorithm.SHA256_RSA if is_rsa else SignatureAlgorithm.ECDSA_SHA256


def _sign(key: SoftKey, message: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def _pem(key: SoftKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True)
class SoftPass:
    """A UZI pass as a folder: its authenticity key and certificate."""

    directory: Path

    @classmethod
    def create(cls, directory: Path, *, key: SoftKey, certificate: x509.Certificate) -> "SoftPass":
        """Put a pass into a new folder."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(directory / _KEY, _pem(key))
        _write(directory / _CERTIFICATES, certificate.public_bytes(Encoding.PEM))
        return cls(directory)

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """How its key signs, by its certificate."""
        certificate = x509.load_der_x509_certificate(self.authenticity_certificate())
        return _algorithm(certificate.public_key())

    def authenticity_certificate(self) -> bytes:
        """The certificate, DER."""
        pem = (self.directory / _CERTIFICATES).read_bytes()
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)

    def sign(self, message: bytes) -> bytes:
        """Sign with the authenticity key."""
        return _sign(_load_key(self.directory / _KEY), message)


@dataclass(frozen=True, slots=True)
class SoftCard:
    """A ZORG-ID card as a folder."""

    directory: Path
    key_type: KeyType = KeyType.RSA_2048

    @classmethod
    def blank(
        cls, directory: Path, number: CardNumber, key_type: KeyType = KeyType.RSA_2048
    ) -> "SoftCard":
        """Make a blank card with this printed number."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(directory / _NUMBER, number.value.encode())
        return cls(directory, key_type)

    @property
    def key_file(self) -> Path:
        """Where the private key is, PEM, PKCS#8, readable by its owner only."""
        return self.directory / _KEY

    @property
    def certificate_file(self) -> Path:
        """Where the certificate and its issuers are, PEM, leaf first."""
        return self.directory / _CERTIFICATES

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """How its key signs."""
        return _algorithm(_load_key(self.key_file))

    def card_number(self) -> CardNumber:
        """The number it was made with."""
        return CardNumber((self.directory / _NUMBER).read_text("ascii"))

    @property
    def pin_characters(self) -> None:
        """It has no PIN."""
        return

    @property
    def keypad(self) -> None:
        """It has no PIN."""
        return

    def state(self) -> CardState:
        """How far it is."""
        phase = Phase.BLANK if self.order_key() is None else Phase.ORDERED
        if (self.directory / _FINISHED).exists():
            phase = Phase.OPERATIONAL
        return CardState(phase=phase, pin_tries_left=None, puk_tries_left=None, handed=False)

    def order_key(self) -> IdempotencyKey | None:
        """The key of its order, if it was ordered."""
        path = self.directory / _ORDER
        return IdempotencyKey(path.read_text("ascii")) if path.exists() else None

    def begin_order(self, key: IdempotencyKey) -> None:
        """Make the key pair, and keep the order's key."""
        self.ensure_key()
        _write(self.directory / _ORDER, key.value.encode())

    def ensure_key(self) -> None:
        """Make a key pair unless there is one."""
        if not self.key_file.exists():
            _write(self.key_file, _pem(self._new_key()))

    def _new_key(self) -> SoftKey:
        if self.key_type is KeyType.P256:
            return ec.generate_private_key(ec.SECP256R1())
        bits = _RSA_BITS.get(self.key_type)
        if bits is None:
            raise CardRefused(
                message=f"this token makes no {self.key_type.value} keys",
                next_step="choose rsa-2048, rsa-3072 or p-256",
            )
        return rsa.generate_private_key(public_exponent=65537, key_size=bits)

    def certification_request(self) -> bytes:
        """PKCS#10 with an empty subject: the CA takes the name from the pass."""
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        request = builder.sign(_load_key(self.key_file), hashes.SHA256())
        return request.public_bytes(Encoding.DER)

    def attestation(self) -> tuple[bytes, ...]:
        """None: there is no card that the key was made on."""
        return ()

    def write_certificates(self, chain: tuple[bytes, ...]) -> None:
        """Write the chain, after checking that the leaf certifies this card's key.

        Raises:
            CardRefused: the certificate is for another key; nothing was written.
        """
        certificates = [x509.load_der_x509_certificate(der) for der in chain]
        if certificates[0].public_key() != _load_key(self.key_file).public_key():
            raise CardRefused(
                message="the certificate is for another key than this card's",
                next_step="report this: the server sent another card's certificate",
            )
        pem = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)
        _write(self.certificate_file, pem)

    def certificates(self) -> tuple[bytes, ...]:
        """What the folder holds, DER, leaf first."""
        if not self.certificate_file.exists():
            return ()
        found = x509.load_pem_x509_certificates(self.certificate_file.read_bytes())
        return tuple(certificate.public_bytes(Encoding.DER) for certificate in found)

    def sign(self, message: bytes) -> bytes:
        """Sign with the card's key."""
        return _sign(_load_key(self.key_file), message)

    def begin(self) -> None:
        """Nothing: whoever can read the folder has every right."""

    def start_afresh(self) -> None:
        """Nothing: no right is ever proven to it."""

    def finish(self) -> None:
        """Mark it operational."""
        _write(self.directory / _FINISHED, b"")

    def log_in(self, pin: Secret) -> None:
        """Refuse: there is no PIN."""
        raise _no_pin()

    def hand_over(self, *, pin: Secret, puk: Secret) -> None:
        """Refuse: there is nothing to replace."""
        raise _no_pin()

    def change_pin(self, *, old: Secret, new: Secret) -> None:
        """Refuse: there is no PIN."""
        raise _no_pin()

    def unblock_pin(self, *, puk: Secret, new: Secret) -> None:
        """Refuse: there is no PIN."""
        raise _no_pin()

    def make_blank(self) -> None:
        """Remove what an ended order left; the number stays."""
        for name in (_FINISHED, _CERTIFICATES, _KEY, _ORDER):
            (self.directory / name).unlink(missing_ok=True)


def _no_pin() -> CardRefused:
    return CardRefused(
        message="a software token has neither PIN nor PUK", next_step="use a card with a chip"
    )


@dataclass(slots=True)
class SoftPassReader:
    """A software pass where a reader with a UZI pass would be."""

    inside: SoftPass

    @property
    def pin_entry(self) -> PinEntry:
        """It has no PIN."""
        return PinEntry.NOWHERE

    def tries_left(self) -> None:
        """It counts none."""
        return

    def open(self, pin: Secret | None) -> SoftPass:
        """The pass."""
        return self.inside

    def close(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class SoftCardReader:
    """A software card where a reader with a blank card would be."""

    inside: SoftCard

    def open(self, printed: CardNumber | None) -> SoftCard:
        """The card."""
        return self.inside

    def close(self) -> None:
        """Nothing is held."""
