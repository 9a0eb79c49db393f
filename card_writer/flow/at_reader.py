"""A PIN that is typed at the reader: repeated while nobody typed one and the person goes on."""

from typing import TypeVar

from card_writer.at_reader import PinNotTyped
from card_writer.flow.steps.base import AtReader, Dialogue, do
from card_writer.flow.steps.person import unless_enough

Result = TypeVar("Result")


def typed_at_reader(step: AtReader[Result]) -> Dialogue[Result]:
    """Do it once a PIN was typed; a PIN that the card refuses is not tried again.

    Raises:
        PinNotTyped: nobody typed one, and the person does not want to go on.
        WrongSecret: the card refuses it.
    """
    while True:
        try:
            return (yield from do(step))
        except PinNotTyped as error:
            yield from unless_enough(error)
