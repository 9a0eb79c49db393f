"""A UZI pass behind its vendor's module: read and asked to sign, never changed."""

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from card_writer.card_edge import SecretKind
from card_writer.pass_certificate import authenticity_of
from card_writer.piv.keys import CardKey
from card_writer.pkcs11.keys import sign
from card_writer.pkcs11.link import TokenLink
from card_writer.secret import Secret
from pki.domain.algorithms import SignatureAlgorithm


@dataclass(slots=True)
class TokenPass:
    """One pass; `log_in` goes before `sign`."""

    link: TokenLink
    _found: tuple[str, bytes] | None = field(default=None)

    def log_in(self, pin: Secret | None) -> None:
        """Prove the PIN, once; without one it is typed at the reader.

        Raises:
            WrongSecret: it is wrong or blocked.
        """
        self.link.open(SecretKind.PIN, pin)

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """How its authenticity key signs."""
        return self._key().algorithm

    def authenticity_certificate(self) -> bytes:
        """The DER of its authenticity certificate.

        Raises:
            CardRefused: it has none, or several: no UZI pass.
        """
        return self._certificate()[1]

    def sign(self, message: bytes) -> bytes:
        """Sign with the authenticity key.

        Raises:
            PinNeeded: `log_in` goes before.
            CardDiffers: the signature is not of the certificate's key.
        """
        return sign(self.link, self._certificate()[0], self._key(), message)

    def _certificate(self) -> tuple[str, bytes]:
        if self._found is None:
            self.link.ready()
            ids, certificates = self.link.call("certificates")
            self._found = authenticity_of(zip(ids, certificates, strict=True))
        return self._found

    def _key(self) -> CardKey:
        key = x509.load_der_x509_certificate(self._certificate()[1]).public_key()
        return CardKey.load(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
