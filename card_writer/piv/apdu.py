"""Commands and answers of a card, as dialogues that do no I/O themselves (ISO 7816-4 5).

A dialogue yields the octets of one short APDU and is sent the octets of the card's answer. Short
APDUs with command chaining pass every reader, and T=0 as well as T=1.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final, TypeVar

from card_writer.card_edge import CardRefused

Result = TypeVar("Result")
Dialogue = Generator[bytearray, bytes, Result]
"""Yields buffers, which whoever sends them wipes afterwards: they may hold a PIN."""

OK: Final = 0x9000
CHUNK: Final = 255
"""Data octets a short command carries at most."""
CHAINED: Final = 0x10
_GET_RESPONSE: Final = 0xC0
_MORE: Final = 0x61
_OTHER_LENGTH: Final = 0x6C
_STATUS_OCTETS: Final = 2
_ANSWER_LIMIT: Final = 32 * 1024


@dataclass(frozen=True, slots=True)
class Command:
    """One command of any length; ``data`` may hold a secret, so it shows itself nowhere.

    ``answers`` says whether data is expected back.
    """

    ins: int
    p1: int
    p2: int
    data: bytes | bytearray = b""
    answers: bool = True

    def __repr__(self) -> str:
        return f"Command({self.ins:02x} {self.p1:02x} {self.p2:02x}, {len(self.data)} octets)"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: data, and the status word (ISO 7816-4 5.6)."""

    data: bytes
    status: int

    @property
    def good(self) -> bool:
        """Whether the card did it."""
        return self.status == OK


def perform(dialogue: Dialogue[Result], transmit: Callable[[bytearray], bytes]) -> Result:
    """Lead a dialogue to its end with ``transmit``, which moves one APDU.

    However it ends, the dialogue wipes what it holds before this returns.
    """
    try:
        apdu = next(dialogue)
        while True:
            try:
                answer = transmit(apdu)
            finally:
                apdu[:] = bytes(len(apdu))
            apdu = dialogue.send(answer)
    except StopIteration as done:
        result: Result = done.value
        return result
    finally:
        dialogue.close()


def send(command: Command) -> Dialogue[Answer]:
    """Send a command, in several parts when it is long, and gather the whole answer.

    Raises:
        CardRefused: what came back is no answer of a card.
    """
    data = command.data
    while len(data) > CHUNK:
        part, data = data[:CHUNK], data[CHUNK:]
        answer = split((yield _encode(command, part, chained=True, le=None)))
        if not answer.good:
            return answer
    le = 0 if command.answers else None
    answer = split((yield _encode(command, data, chained=False, le=le)))
    if answer.status >> 8 == _OTHER_LENGTH:
        exact = answer.status & 0xFF
        answer = split((yield _encode(command, data, chained=False, le=exact)))
    return (yield from _gather(answer))


def _gather(first: Answer) -> Dialogue[Answer]:
    gathered, answer = bytearray(first.data), first
    while answer.status >> 8 == _MORE:
        answer = split((yield _get_response(answer.status & 0xFF)))
        if answer.status >> 8 == _OTHER_LENGTH:
            answer = split((yield _get_response(answer.status & 0xFF)))
        gathered += answer.data
        if len(gathered) > _ANSWER_LIMIT or (answer.status >> 8 == _MORE and not answer.data):
            raise unusable("an answer that does not end")
    return Answer(bytes(gathered), answer.status)


def _get_response(count: int) -> bytearray:
    return bytearray([0, _GET_RESPONSE, 0, 0, count])


def _encode(
    command: Command, data: bytes | bytearray, *, chained: bool, le: int | None
) -> bytearray:
    apdu = bytearray([CHAINED if chained else 0, command.ins, command.p1, command.p2])
    if data:
        apdu.append(len(data))
        apdu += data
    if le is not None:
        apdu.append(le)
    return apdu


def split(raw: bytes) -> Answer:
    """Data and status word.

    Raises:
        CardRefused: there is no status word.
    """
    if len(raw) < _STATUS_OCTETS:
        raise unusable("an answer without a status word")
    return Answer(raw[:-_STATUS_OCTETS], int.from_bytes(raw[-_STATUS_OCTETS:], "big"))


def unusable(what: str) -> CardRefused:
    """The card's answer makes no sense; ``what`` was met."""
    return CardRefused(
        message=f"the card gave {what}",
        next_step="take the card out, put it in again and repeat; if it stays so, take another",
    )
