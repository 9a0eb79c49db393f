"""The UZI pass proves itself to the server; its PIN is tried once each time it was typed."""

from typing import Final

from card_writer.at_reader import PinEntry, PinNotTyped
from card_writer.card_edge import SecretKind, WrongSecret
from card_writer.flow.steps.base import Dialogue, do
from card_writer.flow.steps.person import AskLastTry, AskPassPin, PutIn, unless_enough
from card_writer.flow.steps.reader import LookAtPass, OpenPass, OpenPassAtReader, SignWithPass
from card_writer.flow.steps.server import AskChallenge, OpenSession
from card_writer.flow.stopped import Stopped
from card_writer.readers.recognition import CardKind
from card_writer.wrong_card import WrongCard
from pki.api.wire import SessionView

_CAREFUL: Final = "look the PIN up first; three mistakes in a row block a UZI pass"


def prove_pass() -> Dialogue[tuple[SessionView, bytes]]:
    """Open a session with the pass; who its holder is, and the pass's certificate (DER)."""
    certificate = yield from _put_in()
    challenge, message = yield from do(AskChallenge())
    proof = yield from do(SignWithPass(challenge=challenge, message=message))
    session = yield from do(OpenSession(certificate=certificate, proof=proof))
    return session, certificate


def _put_in() -> Dialogue[bytes]:
    while True:
        yield from do(PutIn(kind=CardKind.UZI_PASS))
        try:
            return (yield from _opened())
        except WrongCard as error:
            yield from unless_enough(error)


def _opened() -> Dialogue[bytes]:
    refused: WrongSecret | None = None
    while True:
        state = yield from do(LookAtPass())
        left = refused.tries_left if refused is not None else state.tries_left
        yield from _while_tries_are_left(left)
        try:
            match state.pin_entry:
                case PinEntry.NOWHERE:
                    return (yield from do(OpenPass(pin=None)))
                case PinEntry.AT_READER:
                    return (yield from do(OpenPassAtReader(tries_left=left)))
                case PinEntry.HERE:
                    ask = AskPassPin(tries_left=left, refused=refused)
                    with (yield from do(ask)) as pin:
                        return (yield from do(OpenPass(pin=pin)))
        except WrongSecret as wrong:
            refused = wrong
            if state.pin_entry is PinEntry.AT_READER and wrong.tries_left > 1:
                yield from unless_enough(wrong)
        except PinNotTyped as error:
            yield from unless_enough(error)


def _while_tries_are_left(left: int | None) -> Dialogue[None]:
    if left == 0:
        raise WrongSecret(
            message="the PIN of the UZI pass is blocked",
            next_step="unblock it with its PUK, in the program that came with the UZI pass",
            which=SecretKind.PIN,
            tries_left=0,
        )
    if left == 1:
        ask = AskLastTry(which=SecretKind.PIN, kind=CardKind.UZI_PASS)
        if not (yield from do(ask)):
            raise Stopped(message="stopped before the last try", next_step=_CAREFUL)
