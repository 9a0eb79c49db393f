"""The readers as the dialogue uses them: one pass, one card, and one thread that may block."""

from dataclasses import dataclass, field

from card_writer.at_reader import KeypadCard, PinEntry
from card_writer.card_edge import CardState, HolderCard, NumberNeeded, PassEdge, PinCharacters
from card_writer.flow.ports import CardReader, PassReader
from card_writer.secret import Secret
from card_writer.wrong_card import WrongCard
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.identifiers import CardNumber, IdempotencyKey
from pki.ports import Entropy

_ORDER_KEY_OCTETS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PassState:
    """What a pass shows before its PIN; ``tries_left`` is None where it does not tell."""

    pin_entry: PinEntry
    tries_left: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A card as it lies there.

    ``number`` is None where the card does not tell it and nobody read it from the card;
    ``characters`` where it has no PIN. ``keyed`` says whether its PIN is typed at the reader,
    ``changes_keyed`` whether it is changed there too.
    """

    number: CardNumber | None
    order: IdempotencyKey | None
    state: CardState
    characters: PinCharacters | None
    keyed: bool = False
    changes_keyed: bool = False


@dataclass(slots=True, kw_only=True)
class Bench:
    """Pass and card between the steps; from one thread only."""

    passes: PassReader | None
    cards: CardReader
    entropy: Entropy
    _pass: PassEdge | None = field(default=None)
    _card: HolderCard | None = field(default=None)

    def look_at_pass(self) -> PassState:
        """What the pass shows; spends no try. A card that is none is let go at once."""
        passes = self._passes()
        try:
            return PassState(pin_entry=passes.pin_entry, tries_left=passes.tries_left())
        except WrongCard:
            passes.close()
            raise

    def open_pass(self, pin: Secret | None) -> bytes:
        """Prove its PIN, once, as `PassReader.open`; its authenticity certificate."""
        self._pass = self._passes().open(pin)
        return self._pass.authenticity_certificate()

    def sign_with_pass(self, message: bytes) -> tuple[bytes, SignatureAlgorithm]:
        """A signature of the authenticity key; the pass is let go after it."""
        if self._pass is None:
            raise AssertionError("the pass is opened before it signs")
        try:
            return self._pass.sign(message), self._pass.algorithm
        finally:
            self._pass = None
            self._passes().close()

    def read_card(self, printed: CardNumber | None) -> Found:
        """The card that lies there now, over a new connection."""
        self._card = None
        self.cards.close()
        card = self.cards.open(printed)
        self._card = card
        state = card.state()
        try:
            number = card.card_number()
        except NumberNeeded:
            number = None
        keypad = card.keypad
        return Found(
            number=number,
            order=card.order_key(),
            state=state,
            characters=card.pin_characters,
            keyed=keypad is not None,
            changes_keyed=keypad is not None and keypad.can_change,
        )

    @property
    def card(self) -> HolderCard:
        """The card that was read."""
        if self._card is None:
            raise AssertionError("the card is read before it is used")
        return self._card

    @property
    def keypad(self) -> KeypadCard:
        """The card that was read, its PIN typed at its reader."""
        keypad = self.card.keypad
        if keypad is None:
            raise AssertionError("a card whose PIN is given here is given it")
        return keypad

    def begin_order(self) -> IdempotencyKey:
        """A new order's key, kept on the card beside the key pair."""
        key = IdempotencyKey(self.entropy.octets(_ORDER_KEY_OCTETS).hex())
        self.card.begin_order(key)
        return key

    def close(self) -> None:
        """Let pass and card go."""
        self._pass = self._card = None
        if self.passes is not None:
            self.passes.close()
        self.cards.close()

    def _passes(self) -> PassReader:
        if self.passes is None:
            raise AssertionError("this desk reads no passes")
        return self.passes
