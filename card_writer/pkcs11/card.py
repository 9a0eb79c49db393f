"""A ZORG-ID card that only its vendor's PKCS#11 module can write, behind the edge of the flow.

Its PUK is the security officer's PIN. The writer's record is a data object that is read without a
PIN; it holds no secret. There is no administration key: nobody but the holder of PIN or PUK can
write such a card.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from cryptography import x509

from card_writer.card_edge import (
    CardRefused,
    CardState,
    Phase,
    PinCharacters,
    PinNeeded,
    SecretKind,
    WrongSecret,
    agreed_number,
)
from card_writer.piv.keys import CardKey
from card_writer.piv.objects import Record
from card_writer.pkcs11.keys import made_of, sign
from card_writer.pkcs11.link import TokenLink
from card_writer.pkcs11.notes import Notes
from card_writer.secret import Secret
from card_writer.secret_form import check_pin, check_puk
from card_writer.wrong_card import in_use
from pki.der import codec
from pki.der.algorithms import algorithm_identifier
from pki.der.pkcs10 import encode_pkcs10_info
from pki.domain.algorithms import KeyType, SignatureAlgorithm
from pki.domain.identifiers import CardNumber, IdempotencyKey

KEY_ID: Final = "01"
CERTIFICATE_IDS: Final = (KEY_ID, "02", "03")
"""CKA_ID of the card's certificate, as of its key, and of its issuers'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """How cards of a kind are delivered; ``label`` is what programs show of a finished one."""

    label: str = "ZORG-ID Smartcard"
    pin_characters: PinCharacters = PinCharacters.PRINTABLE_ASCII
    transport_pin: Callable[[], Secret] = lambda: Secret(b"123456")
    transport_puk: Callable[[], Secret] = lambda: Secret(b"12345678")


@dataclass(slots=True)
class TokenCard:
    """One card; ``printed`` is the number on it."""

    link: TokenLink
    settings: TokenSettings
    key_type: KeyType
    printed: CardNumber | None
    _record: Record | None = field(default=None)

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
        return self.settings.pin_characters

    @property
    def record(self) -> Record:
        """What the writer left on the card.

        Raises:
            CardRefused: it is in use for something else.
        """
        if self._record is None:
            if not self.link.info().initialised:
                return Record()
            self.link.ready()
            self._record = Notes(self.link).read()
            if self._record is None:
                if self.link.call("certificates").value:
                    raise in_use()
                return Record()
        return self._record

    @property
    def keypad(self) -> None:
        """None: its PIN is given here, as the one that is chosen for it must be."""
        return

    def state(self) -> CardState:
        """How far it is, and the tries left as far as the module tells."""
        info = self.link.info()
        return CardState(
            phase=self.record.phase,
            pin_tries_left=info.pin_tries,
            puk_tries_left=info.puk_tries,
            handed=self.record.handed,
        )

    def card_number(self) -> CardNumber:
        """From the writer's record, or as printed.

        Raises:
            NumberNeeded: neither is known.
            CardRefused: they differ.
        """
        return agreed_number(self.record.number, self.printed)

    def order_key(self) -> IdempotencyKey | None:
        """The order this card is made for."""
        return self.record.order

    def begin_order(self, key: IdempotencyKey) -> None:
        """Give a blank card its label and PINs; make the key; keep order and number."""
        number = self.card_number()
        if not self.link.is_user:
            self._prepare()
        self._keep(replace(self.record, order=key, number=number, phase=Phase.ORDERED))
        self.ensure_key()

    def begin(self) -> None:
        """Prove the PIN that the card was delivered with, unless it is the holder's by now."""
        if not self.record.handed and not self.link.is_user:
            self._prepare()

    def ensure_key(self) -> None:
        """Make a key pair unless one was made and kept; one that was not kept is removed."""
        if self.record.key is not None:
            return
        for kind in ("private-key", "public-key"):
            self.link.call("remove", kind=kind, key=KEY_ID)
        made = made_of(self.link, KEY_ID, self.settings.label, self.key_type)
        self._keep(replace(self.record, key=made.spki))

    def certification_request(self) -> bytes:
        """PKCS#10 with an empty subject: the CA takes the name from the pass."""
        key = self._key()
        info = encode_pkcs10_info(codec.sequence(), key.spki)
        signature = codec.bit_string(self.sign(info))
        return codec.sequence(info, algorithm_identifier(key.algorithm), signature)

    def attestation(self) -> tuple[bytes, ...]:
        """None: PKCS#11 has no word for it."""
        return ()

    def write_certificates(self, chain: tuple[bytes, ...]) -> None:
        """Write the chain, issuers first, after holding its leaf against the card's key.

        Raises:
            CardRefused: the leaf is for another key, or the chain is too long; nothing was written.
        """
        if not 0 < len(chain) <= len(CERTIFICATE_IDS):
            raise CardRefused(
                message=f"a card holds one to {len(CERTIFICATE_IDS)} certificates",
                next_step="report this: the server sent another chain",
            )
        if x509.load_der_x509_certificate(chain[0]).public_key() != self._key().public:
            raise CardRefused(
                message="the certificate is for another key than this card's",
                next_step="report this: the server sent another card's certificate",
            )
        self.link.call("remove", kind="certificate")
        for key, der in reversed(list(zip(CERTIFICATE_IDS, chain, strict=False))):
            label = self.settings.label if key == KEY_ID else "ZORG-ID CA"
            self.link.put_certificate(der, key=key, label=label)

    def certificates(self) -> tuple[bytes, ...]:
        """What is on the card, leaf first."""
        self.link.ready()
        ids, found = self.link.call("certificates")
        return tuple(der for _, der in sorted(zip(ids, found, strict=True)))

    def sign(self, message: bytes) -> bytes:
        """Sign, and hold the signature against the card's key.

        Raises:
            PinNeeded: `log_in` or `begin` goes before.
            CardDiffers: the signature is of another key.
        """
        key = self._key()
        if not self.link.is_user:
            raise PinNeeded(message="the card wants its PIN", next_step="give the PIN")
        return sign(self.link, KEY_ID, key, message)

    def log_in(self, pin: Secret) -> None:
        """Prove the PIN; one of another form is refused before a try is spent."""
        check_pin(pin, self.pin_characters)
        self.link.open(SecretKind.PIN, pin)

    def hand_over(self, *, pin: Secret, puk: Secret) -> None:
        """Replace PUK and PIN; the PIN is proven afterwards."""
        check_pin(pin, self.pin_characters)
        check_puk(puk)
        again = self.record.handed
        if not again:
            self._keep(replace(self.record, phase=Phase.HANDING_OVER, handed=True))
        with self.settings.transport_puk() as old:
            self._replace(SecretKind.PUK, old=old, new=puk, perhaps_done=again)
        with self.settings.transport_pin() as old:
            self._replace(SecretKind.PIN, old=old, new=pin, perhaps_done=again)

    def finish(self) -> None:
        """Mark it operational."""
        self._keep(replace(self.record, phase=Phase.OPERATIONAL))

    def change_pin(self, *, old: Secret, new: Secret) -> None:
        """Replace the PIN."""
        check_pin(new, self.pin_characters)
        self.link.open(SecretKind.PIN, old)
        self.link.change(SecretKind.PIN, old=old, new=new)

    def unblock_pin(self, *, puk: Secret, new: Secret) -> None:
        """Set a new PIN with the PUK."""
        check_puk(puk)
        check_pin(new, self.pin_characters)
        self.link.open(SecretKind.PUK, puk)
        self.link.call("init_pin", new)
        self.link.close()

    def make_blank(self) -> None:
        """Remove key, certificates and order; PIN and PUK stay as they are.

        Raises:
            PinNeeded: the PIN is the holder's, and was not proven.
        """
        self.begin()
        for kind in ("certificate", "private-key", "public-key"):
            self.link.call("remove", kind=kind)
        self._keep(Record(number=self.record.number, handed=self.record.handed))

    def start_afresh(self) -> None:
        """End all sessions: no right is left."""
        self.link.close()
        self._record = None

    def _prepare(self) -> None:
        """From any state before the hand-over to one in which the delivered PIN is proven."""
        info = self.link.info()
        if not info.initialised:
            with self.settings.transport_puk() as puk:
                self.link.initialise(puk, self.settings.label)
            info = self.link.info()
        if not info.has_pin:
            with self.settings.transport_puk() as puk, self.settings.transport_pin() as pin:
                self.link.open(SecretKind.PUK, puk)
                self.link.call("init_pin", pin)
        with self.settings.transport_pin() as pin:
            self.link.open(SecretKind.PIN, pin)
        if self._record is None and self.link.call("public_key", key=KEY_ID).value:
            raise in_use()

    def _replace(self, which: SecretKind, *, old: Secret, new: Secret, perhaps_done: bool) -> None:
        """Replace the delivered PIN or PUK; ``perhaps_done``: it may be ``new`` already."""
        if perhaps_done:
            try:
                self.link.open(which, new)
                return
            except WrongSecret as wrong:
                if wrong.tries_left <= 1:
                    raise
        self.link.open(which, old)
        self.link.change(which, old=old, new=new)

    def _keep(self, record: Record) -> None:
        if not self.link.is_user:
            raise PinNeeded(message="the card wants its PIN", next_step="give the PIN")
        Notes(self.link).write(record)
        self._record = record

    def _key(self) -> CardKey:
        if self.record.key is None:
            raise CardRefused(message="the card has no key yet", next_step="make the card first")
        return CardKey.load(self.record.key)
