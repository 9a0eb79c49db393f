"""What a PIV card lets its writer do: administration, PIN and PUK."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from card_writer.card_edge import CardRefused, PinCharacters, SecretKind, WrongSecret
from card_writer.piv import commands
from card_writer.piv.admin_key import AdminKey, Algorithm, diversified, transport_key
from card_writer.piv.apdu import Dialogue, perform
from card_writer.secret import Secret
from card_writer.wrong_card import Mismatch, WrongCard
from pki.domain.identifiers import CardNumber
from pki.ports import Entropy

Result = TypeVar("Result")
ADMIN_REFERENCE: Final = 0x9B


class Transport(Protocol):
    """Moves one APDU at a time to a card that nobody else talks to."""

    def transmit(self, apdu: bytearray) -> bytes:
        """The answer to one APDU.

        Raises:
            CardGone: there is none; the card may have acted.
        """
        ...

    def reset(self) -> None:
        """Reset the card.

        Raises:
            CardGone: it is not there, or it is another one.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PivSettings:
    """How cards of a kind are delivered and what they may be asked.

    ``ask_vendor``: use Yubico's extensions where the card has them; without them neither can the
    administration key be replaced nor the tries of the PUK be read. ``aid``: the application's name
    on cards of this kind (ISO 7816-4 12.2.3), or how it begins. ``master`` is what each card's
    own administration key is drawn from (32 octets or more).
    """

    pin_characters: PinCharacters = PinCharacters.DIGITS
    ask_vendor: bool = False
    aid: bytes = commands.AID
    master: Secret | None = None
    transport_pin: Callable[[], Secret] = lambda: Secret(b"123456")
    transport_puk: Callable[[], Secret] = lambda: Secret(b"12345678")
    transport_admin: Callable[[Algorithm], AdminKey] = transport_key


@dataclass(slots=True, kw_only=True)
class Rights:
    """The rights this connection has on the card; `forget` after each reset."""

    transport: Transport
    settings: PivSettings
    entropy: Entropy
    _administers: bool = field(default=False)
    _algorithm: Algorithm | None = field(default=None)
    _told: commands.Metadata | None = field(default=None)
    _asked: bool = field(default=False)

    def perform(self, dialogue: Dialogue[Result]) -> Result:
        """Carry out a dialogue on the card."""
        return perform(dialogue, self.transport.transmit)

    def forget(self) -> None:
        """The card was reset: no right is left."""
        self._administers = False

    @property
    def vendor(self) -> bool:
        """Whether the vendor's extensions are to be used and are there."""
        if self.settings.ask_vendor and not self._asked:
            told = self.perform(commands.metadata(ADMIN_REFERENCE))
            self._told, self._asked = told, True
        return self._told is not None

    def open_admin(self, number: CardNumber | None, *, handed: bool) -> None:
        """Prove the administration key: the delivered one, or this card's own.

        ``handed`` says which to try first.

        Raises:
            WrongCard: it is neither.
        """
        if self._administers:
            return
        if not handed and self._opens_as_usual():
            return
        keys = self._admin_keys(self._admin_algorithm(), number)
        try:
            if any(map(self._opens, reversed(keys) if handed else keys)):
                return
        finally:
            for each in keys:
                each.key.wipe()
        raise WrongCard(
            message="the card's administration key is neither the delivered one nor its own",
            next_step="the card was made elsewhere: take a blank ZORG-ID card",
            why=Mismatch.IN_USE,
        )

    def replace_admin(self, number: CardNumber) -> bool:
        """Give the card an administration key of its own; whether the card can.

        Without a master key in the settings, or without the extension, it keeps the delivered one.
        """
        if self.settings.master is None or not self.settings.ask_vendor:
            return False
        own = diversified(self.settings.master, number, self._admin_algorithm())
        with own.key:
            return self.perform(commands.set_admin_key(own))

    def replace(self, which: SecretKind, *, new: Secret, perhaps_done: bool) -> None:
        """Replace the delivered PIN or PUK; ``perhaps_done``: it may be ``new`` already.

        Raises:
            WrongSecret: it is neither; it was not tried again with one try left.
        """
        if perhaps_done:
            try:
                self.perform(commands.change(which, old=new, new=new))
                return
            except WrongSecret as wrong:
                if wrong.tries_left <= 1:
                    raise
        given = self.settings.transport_pin if which is SecretKind.PIN else None
        with (given or self.settings.transport_puk)() as old:
            self.perform(commands.change(which, old=old, new=new))

    def _opens(self, key: AdminKey) -> bool:
        fresh = self.entropy.octets(key.algorithm.block_octets)
        if not self.perform(commands.authenticate(key, fresh)):
            return False
        self._administers, self._algorithm = True, key.algorithm
        return True

    def _opens_as_usual(self) -> bool:
        """Most are delivered with triple DES; one that is not says so, and is asked for its own."""
        usual = self.settings.transport_admin(Algorithm.TRIPLE_DES)
        with usual.key:
            try:
                return self._opens(usual)
            except CardRefused:
                return False

    def _admin_algorithm(self) -> Algorithm:
        if self._algorithm is not None:
            return self._algorithm
        told = self._told.algorithm if self.vendor and self._told else None
        return next((each for each in Algorithm if each.value == told), Algorithm.TRIPLE_DES)

    def _admin_keys(self, algorithm: Algorithm, number: CardNumber | None) -> list[AdminKey]:
        keys = [self.settings.transport_admin(algorithm)]
        if self.settings.master is not None and number is not None:
            keys.append(diversified(self.settings.master, number, algorithm))
        return keys
