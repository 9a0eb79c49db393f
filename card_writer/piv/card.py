"""A ZORG-ID card with the PIV application, behind the edge that the flow knows."""

from dataclasses import dataclass, field, replace
from typing import Final

from cryptography import x509

from card_writer.card_edge import (
    CardRefused,
    CardState,
    Phase,
    PinCharacters,
    SecretKind,
    agreed_number,
)
from card_writer.piv import commands, objects
from card_writer.piv.at_reader import PivAtReader
from card_writer.piv.keys import CardKey, algorithm_of
from card_writer.piv.objects import Record
from card_writer.piv.rights import PivSettings, Rights, Transport
from card_writer.readers.pin_pad import PinPad
from card_writer.secret import Secret
from card_writer.secret_form import check_pin, check_puk
from card_writer.wrong_card import in_use
from pki.der import codec
from pki.der.algorithms import algorithm_identifier
from pki.der.pkcs10 import encode_pkcs10_info
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.identifiers import CardNumber, IdempotencyKey
from pki.ports import Entropy

SLOT: Final = 0x9A
"""PIV authentication: the key that the card's PIN opens once a session."""
PUK_REFERENCE: Final = 0x81


@dataclass(slots=True)
class PivCard:
    """One card in one reader; it is selected, and its record read, when it is first needed.

    ``printed`` is the number on the card, needed for a card that has none in its chip.
    """

    rights: Rights
    key_type: KeyType
    printed: CardNumber | None
    pad: PinPad | None = None
    _record: Record | None = field(default=None)

    @classmethod
    def at(
        cls,
        transport: Transport,
        *,
        settings: PivSettings,
        entropy: Entropy,
        key_type: KeyType = KeyType.RSA_2048,
        printed: CardNumber | None = None,
        pad: PinPad | None = None,
    ) -> "PivCard":
        """The card behind ``transport``."""
        rights = Rights(transport=transport, settings=settings, entropy=entropy)
        return cls(rights, key_type, printed, pad)

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """How its key signs; of the one it will get while it has none."""
        if self.record.key is None:
            rsa = self.key_type is not KeyType.P256
            return SignatureAlgorithm.SHA256_RSA if rsa else SignatureAlgorithm.ECDSA_SHA256
        return self._key().algorithm

    @property
    def pin_characters(self) -> PinCharacters:
        """What its PIN may consist of."""
        return self.rights.settings.pin_characters

    @property
    def keypad(self) -> PivAtReader | None:
        """The keys of its reader, where they are used."""
        return None if self.pad is None else PivAtReader(self.pad, self._select)

    @property
    def record(self) -> Record:
        """What the writer left on the card.

        Raises:
            WrongCard: no PIV card, or in use for something else.
        """
        if self._record is None:
            self.rights.perform(commands.select(self.rights.settings.aid))
            self._record = Record.decode(self.rights.perform(commands.get_data(objects.RECORD)))
        return self._record

    def state(self) -> CardState:
        """How far it is, and the tries left of a card that has a holder."""
        phase, handed = self.record.phase, self.record.handed
        pin = self.rights.perform(commands.tries()) if handed else None
        puk = None
        if handed and self.rights.vendor:
            told = self.rights.perform(commands.metadata(PUK_REFERENCE))
            puk = told.tries_left if told else None
        return CardState(phase=phase, pin_tries_left=pin, puk_tries_left=puk, handed=handed)

    def card_number(self) -> CardNumber:
        """From the writer's record, as printed, or the vendor's serial number.

        Raises:
            NumberNeeded: the card tells none and none was given.
            CardRefused: another was given.
        """
        known = self.record.number
        if known is None and self.printed is None:
            known = self._vendor_number()
        return agreed_number(known, self.printed)

    def order_key(self) -> IdempotencyKey | None:
        """The order this card is made for."""
        return self.record.order

    def begin_order(self, key: IdempotencyKey) -> None:
        """Make the key pair, and keep it, the order and the card's number by one command.

        Raises:
            WrongCard: the card holds somebody's certificate: a pass, or another card in use.
        """
        if self.record == Record() and self.certificates():
            raise in_use()
        number, made = self.card_number(), self.record.key or self._made()
        record = Record(phase=Phase.ORDERED, order=key, number=number, key=made)
        self._keep(replace(record, handed=self.record.handed))

    def begin(self) -> None:
        """Take the rights that making the card needs."""
        self._open()
        if not self.record.handed:
            with self.rights.settings.transport_pin() as pin:
                self.log_in(pin)

    def ensure_key(self) -> None:
        """Make a key pair unless one was made and kept."""
        if self.record.key is None:
            self._keep(replace(self.record, key=self._made()))

    def certification_request(self) -> bytes:
        """PKCS#10 with an empty subject: the CA takes the name from the pass."""
        key = self._key()
        info = encode_pkcs10_info(codec.sequence(), key.spki)
        signature = codec.bit_string(self.sign(info))
        return codec.sequence(info, algorithm_identifier(key.algorithm), signature)

    def attestation(self) -> tuple[bytes, ...]:
        """Its maker's proof, where the vendor's extensions are to be used and have one."""
        proof = self.rights.perform(commands.attest(SLOT)) if self.rights.vendor else None
        if proof is None:
            return ()
        held = self.rights.perform(commands.get_data(objects.ATTESTER))
        return (proof,) if held is None else (proof, objects.certificate_in(held))

    def write_certificates(self, chain: tuple[bytes, ...]) -> None:
        """Write the chain, issuers first, after holding its leaf against the card's key.

        Raises:
            CardRefused: the leaf is for another key, or the chain is too long; nothing was written.
        """
        if not 0 < len(chain) <= len(objects.CERTIFICATES):
            raise CardRefused(
                message=f"a card holds one to {len(objects.CERTIFICATES)} certificates",
                next_step="report this: the server sent another chain",
            )
        leaf = x509.load_der_x509_certificate(chain[0])
        if leaf.public_key() != self._key().public:
            raise CardRefused(
                message="the certificate is for another key than this card's",
                next_step="report this: the server sent another card's certificate",
            )
        self._open()
        for tag, der in reversed(list(zip(objects.CERTIFICATES, chain, strict=False))):
            self.rights.perform(commands.put_data(tag, objects.certificate_object(der)))
        identifier = objects.chuid(chain[0], leaf.not_valid_after_utc)
        self.rights.perform(commands.put_data(objects.CHUID, identifier))

    def certificates(self) -> tuple[bytes, ...]:
        """What is on the card, leaf first."""
        self._select()
        found: list[bytes] = []
        for tag in objects.CERTIFICATES:
            held = self.rights.perform(commands.get_data(tag))
            if held is None:
                break
            found.append(objects.certificate_in(held))
        return tuple(found)

    def sign(self, message: bytes) -> bytes:
        """Sign, and hold the signature against the card's key.

        Raises:
            PinNeeded: `log_in` or `begin` goes before.
            CardDiffers: the signature is of another key.
        """
        key = self._key()
        signature = self.rights.perform(commands.sign(SLOT, key.identifier, key.block(message)))
        key.verify(signature, message)
        return signature

    def log_in(self, pin: Secret) -> None:
        """Prove the PIN; one of another form is refused before a try is spent."""
        check_pin(pin, self.pin_characters)
        self._select()
        self.rights.perform(commands.verify(pin))

    def hand_over(self, *, pin: Secret, puk: Secret) -> None:
        """Replace PUK, PIN and, where the card can, the administration key."""
        check_pin(pin, self.pin_characters)
        check_puk(puk)
        again = self.record.handed
        self._keep(replace(self.record, phase=Phase.HANDING_OVER, handed=True))
        self.rights.replace(SecretKind.PUK, new=puk, perhaps_done=again)
        self.rights.replace(SecretKind.PIN, new=pin, perhaps_done=again)
        self.rights.replace_admin(self.card_number())

    def finish(self) -> None:
        """Mark it operational."""
        self._keep(replace(self.record, phase=Phase.OPERATIONAL))

    def change_pin(self, *, old: Secret, new: Secret) -> None:
        """Replace the PIN."""
        check_pin(new, self.pin_characters)
        self._select()
        self.rights.perform(commands.change(SecretKind.PIN, old=old, new=new))

    def unblock_pin(self, *, puk: Secret, new: Secret) -> None:
        """Set a new PIN with the PUK."""
        check_puk(puk)
        check_pin(new, self.pin_characters)
        self._select()
        self.rights.perform(commands.reset_retry_counter(puk=puk, new=new))

    def make_blank(self) -> None:
        """Remove certificates and order; PIN, PUK and administration key stay as they are.

        PIV has no command that removes a key: it is kept out of use, and the next one replaces it.
        """
        self._open()
        for tag in (*objects.CERTIFICATES, objects.CHUID):
            self.rights.perform(commands.put_data(tag, b""))
        kept = Record(number=self.record.number, handed=self.record.handed)
        self._keep(kept)

    def start_afresh(self) -> None:
        """Reset the card: no right is left."""
        self.rights.transport.reset()
        self.rights.forget()
        self.rights.perform(commands.select(self.rights.settings.aid))

    def _select(self) -> None:
        """Reading the record selects the application."""
        _ = self.record

    def _open(self) -> None:
        self.rights.open_admin(self.record.number, handed=self.record.handed)

    def _made(self) -> bytes:
        """A new key, as it is kept; about a second for RSA, on old cards a minute."""
        algorithm = algorithm_of(self.key_type)
        self._open()
        content = self.rights.perform(commands.generate(SLOT, algorithm))
        return CardKey.made(content, self.key_type).spki

    def _keep(self, record: Record) -> None:
        self._open()
        self.rights.perform(commands.put_data(objects.RECORD, record.encode()))
        self._record = record

    def _key(self) -> CardKey:
        if self.record.key is None:
            raise CardRefused(message="the card has no key yet", next_step="make the card first")
        return CardKey.load(self.record.key)

    def _vendor_number(self) -> CardNumber | None:
        serial = self.rights.perform(commands.vendor_serial()) if self.rights.vendor else None
        return None if serial is None else CardNumber(f"PIV-{serial:010}")
