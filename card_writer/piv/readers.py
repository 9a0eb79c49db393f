"""Readers in which PIV cards are put: the one connection, and the card behind it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from card_writer.at_reader import PinEntry
from card_writer.card_edge import PinCharacters
from card_writer.piv.at_reader import FORM
from card_writer.piv.card import PivCard
from card_writer.piv.commands import AID
from card_writer.piv.rights import PivSettings
from card_writer.piv.uzi_pass import PivPass
from card_writer.readers.held import HeldCard
from card_writer.readers.pin_pad import PinPad
from card_writer.secret import Secret
from pki.domain.algorithms import KeyType
from pki.domain.identifiers import CardNumber
from pki.ports import Entropy

Connect = Callable[[str], HeldCard]
IN_READER: Final[Connect] = HeldCard.in_reader


@dataclass(slots=True, kw_only=True)
class PivPassReader:
    """Where a UZI pass of that kind is put in.

    ``pad_language``: its PIN is typed at the reader's own keys, where it has some, and this is the
    language that it shows.
    """

    reader: str
    aid: bytes = AID
    pad_language: int | None = None
    connect: Connect = IN_READER
    _held: HeldCard | None = field(default=None)
    _found: PivPass | None = field(default=None)

    @property
    def pin_entry(self) -> PinEntry:
        """Where the PIN is typed.

        Raises:
            CardGone, ReaderBusy: there is no pass.
        """
        return PinEntry.HERE if self._pass().pad is None else PinEntry.AT_READER

    def tries_left(self) -> int | None:
        """How often the PIN may be tried; spends none.

        Raises:
            CardGone, ReaderBusy, CardRefused: there is no such pass, or it cannot be read.
        """
        return self._pass().tries_left()

    def open(self, pin: Secret | None) -> PivPass:
        """Prove the PIN, once; without one it is typed at the reader.

        Raises:
            PinNotTyped: nobody typed one there.
            WrongSecret: it is wrong or blocked.
            CardGone, ReaderBusy, CardRefused: there is no such pass, or it cannot be read.
        """
        found = self._pass()
        found.log_in(pin)
        return found

    def close(self) -> None:
        """Let the pass go; repeated, nothing happens."""
        held, self._held, self._found = self._held, None, None
        if held is not None:
            held.close()

    def _pass(self) -> PivPass:
        if self._found is None:
            self._held = self.connect(self.reader)
            self._found = PivPass(self._held, self.aid, _keys_of(self._held, self.pad_language))
        return self._found


@dataclass(slots=True, kw_only=True)
class PivCardReader:
    """Where a ZORG-ID card with the PIV application is put in; ``pad_language`` as of a pass."""

    reader: str
    settings: PivSettings
    entropy: Entropy
    key_type: KeyType = KeyType.RSA_2048
    pad_language: int | None = None
    connect: Connect = IN_READER
    _held: HeldCard | None = field(default=None)

    def open(self, printed: CardNumber | None) -> PivCard:
        """The card that lies there now; ``printed`` is the number on it, where somebody read it.

        Raises:
            CardGone, ReaderBusy, Unavailable: there is none that can be had.
        """
        self.close()
        self._held = self.connect(self.reader)
        return PivCard.at(
            self._held,
            settings=self.settings,
            entropy=self.entropy,
            key_type=self.key_type,
            printed=printed,
            pad=self._keys(self._held),
        )

    def close(self) -> None:
        """Let the card go; repeated, nothing happens."""
        held, self._held = self._held, None
        if held is not None:
            held.close()

    def _keys(self, held: HeldCard) -> PinPad | None:
        """They have digits only: a PIN that may have letters is typed here."""
        digits = self.settings.pin_characters is PinCharacters.DIGITS
        return _keys_of(held, self.pad_language) if digits else None


def _keys_of(held: HeldCard, language: int | None) -> PinPad | None:
    return None if language is None else PinPad.of(held, FORM, language)
