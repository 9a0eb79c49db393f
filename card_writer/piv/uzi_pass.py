"""A UZI pass on a PIV card: its authenticity key is the one for PIV authentication (9A)."""

from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from card_writer.pass_certificate import authenticity_of
from card_writer.piv import commands, objects
from card_writer.piv.apdu import perform
from card_writer.piv.at_reader import PivAtReader
from card_writer.piv.keys import CardKey
from card_writer.piv.rights import Transport
from card_writer.readers.pin_pad import PinPad
from card_writer.secret import Secret
from pki.domain.algorithms import SignatureAlgorithm

_SLOT: Final = 0x9A


@dataclass(slots=True)
class PivPass:
    """One pass; `log_in` goes before `sign`. ``pad`` is its reader's keys, where they are used."""

    transport: Transport
    aid: bytes = commands.AID
    pad: PinPad | None = None
    _certificate: bytes | None = field(default=None)

    def tries_left(self) -> int | None:
        """How often the PIN may be tried, where the card tells; spends none."""
        self.authenticity_certificate()
        return perform(commands.tries(), self.transport.transmit)

    def log_in(self, pin: Secret | None) -> None:
        """Prove the PIN, once; without one it is typed at the reader.

        Raises:
            PinNotTyped: nobody typed one there.
            WrongSecret: it is wrong or blocked.
        """
        if pin is None:
            if self.pad is None:
                raise AssertionError("a reader without keys is given the PIN")
            PivAtReader(self.pad, self.authenticity_certificate).log_in()
            return
        self.authenticity_certificate()
        perform(commands.verify(pin), self.transport.transmit)

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """How its authenticity key signs."""
        return self._key().algorithm

    def authenticity_certificate(self) -> bytes:
        """The DER of its authenticity certificate.

        Raises:
            CardRefused: it has none: no UZI pass.
        """
        if self._certificate is None:
            perform(commands.select(self.aid), self.transport.transmit)
            held = perform(commands.get_data(objects.CERTIFICATES[0]), self.transport.transmit)
            found = [] if held is None else [("9A", objects.certificate_in(held))]
            self._certificate = authenticity_of(found)[1]
        return self._certificate

    def sign(self, message: bytes) -> bytes:
        """Sign with the authenticity key.

        Raises:
            PinNeeded: `log_in` goes before.
            CardDiffers: the signature is not of the certificate's key.
        """
        key = self._key()
        asked = commands.sign(_SLOT, key.identifier, key.block(message))
        signature = perform(asked, self.transport.transmit)
        key.verify(signature, message)
        return signature

    def _key(self) -> CardKey:
        public = x509.load_der_x509_certificate(self.authenticity_certificate()).public_key()
        return CardKey.load(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
