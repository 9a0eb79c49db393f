"""The holder's PIN: changed with the old one, or set anew with the PUK."""

from card_writer.card_edge import CardRefused, PinCharacters, SecretKind, WrongSecret
from card_writer.flow.at_reader import typed_at_reader
from card_writer.flow.bench import Found
from card_writer.flow.pins import fault_of
from card_writer.flow.steps.base import Dialogue, do
from card_writer.flow.steps.person import AskLastTry, ChoosePin, PutIn
from card_writer.flow.steps.reader import ReadCard
from card_writer.flow.steps.token import AskCardSecret, ChangePin, ChangePinAtReader, UnblockPin
from card_writer.flow.stopped import Stopped
from card_writer.readers.recognition import CardKind
from card_writer.secret import Secret


def change_pin() -> Dialogue[None]:
    """Replace the PIN by another one of the holder's choice.

    Raises:
        PinNotTyped: it is typed at the reader, and was not.
        WrongSecret: the old one is wrong, or blocked; it was tried once at most.
        Stopped: the holder does not want to spend the last try.
        CardRefused, CardGone, ReaderBusy: the card cannot be used.
    """
    found, characters = yield from read_card_with_pin()
    left = found.state.pin_tries_left
    if found.changes_keyed:
        yield from unless_blocked(SecretKind.PIN, left)
        yield from typed_at_reader(ChangePinAtReader(tries_left=left))
        return
    with (
        (yield from ask_secret(SecretKind.PIN, left)) as old,
        (yield from _chosen(characters, None)) as new,
    ):
        yield from do(ChangePin(old=old, new=new))


def unblock_pin() -> Dialogue[None]:
    """Set a new PIN with the PUK; the PIN's tries are full again.

    Raises:
        WrongSecret: the PUK is wrong, or blocked; it was tried once at most.
        Stopped: the holder does not want to spend the last try.
        CardRefused, CardGone, ReaderBusy: the card cannot be used.
    """
    found, characters = yield from read_card_with_pin()
    left = found.state.puk_tries_left
    with (
        (yield from ask_secret(SecretKind.PUK, left)) as puk,
        (yield from _chosen(characters, puk)) as new,
    ):
        yield from do(UnblockPin(puk=puk, new=new))


def read_card_with_pin() -> Dialogue[tuple[Found, PinCharacters]]:
    """The card in the reader.

    Raises:
        CardRefused: it has no PIN of a holder.
    """
    yield from do(PutIn(kind=CardKind.ZORG_ID))
    found = yield from do(ReadCard(printed=None))
    if found.characters is None or not found.state.handed:
        raise CardRefused(
            message="this card has no holder's PIN yet", next_step="make the card first"
        )
    return found, found.characters


def ask_secret(which: SecretKind, left: int | None) -> Dialogue[Secret]:
    """PIN or PUK, unless it is blocked; before the last try the holder is asked."""
    yield from unless_blocked(which, left)
    return (yield from do(AskCardSecret(which=which, tries_left=left)))


def unless_blocked(which: SecretKind, left: int | None) -> Dialogue[None]:
    """Go on while there are tries left; before the last one the holder is asked.

    Raises:
        WrongSecret: it is blocked.
        Stopped: the holder does not want to spend the last try.
    """
    if left == 0:
        raise WrongSecret(
            message=f"the {which.value} of this card is blocked",
            next_step="unblock it with the PUK" if which is SecretKind.PIN else _NEW_CARD,
            which=which,
            tries_left=0,
        )
    if left == 1 and not (yield from do(AskLastTry(which=which, kind=CardKind.ZORG_ID))):
        raise Stopped(message="stopped before the last try", next_step="look it up first")


_NEW_CARD = "let an administrator block and revoke this card, then make a new one"


def _chosen(characters: PinCharacters, puk: Secret | None) -> Dialogue[Secret]:
    fault = None
    while True:
        pin = yield from do(ChoosePin(characters=characters, fault=fault))
        fault = fault_of(pin, characters=characters, puk=puk, birth_date=None)
        if fault is None:
            return pin
        pin.wipe()
