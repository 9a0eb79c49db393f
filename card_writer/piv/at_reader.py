"""PIV's commands with a PIN, sent by the reader at which it is typed (SP 800-73-4 part 2, 3.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from card_writer.card_edge import SecretKind
from card_writer.piv.apdu import split
from card_writer.piv.commands import CHANGE, PIN_OCTETS, PIN_REFERENCE, VERIFY, filler
from card_writer.piv.refusals import require_secret
from card_writer.readers.pin_pad import PinForm, PinPad
from card_writer.secret_form import PIN_MAX, PIN_MIN

FORM: Final = PinForm(block_octets=PIN_OCTETS, shortest=PIN_MIN, longest=PIN_MAX)


@dataclass(frozen=True, slots=True)
class PivAtReader:
    """A PIV card's PIN at its reader's keys; ``selected`` has the application chosen."""

    pad: PinPad
    selected: Callable[[], object]

    @property
    def can_change(self) -> bool:
        """Whether the reader can change a PIN too."""
        return self.pad.modify_code is not None

    def log_in(self) -> None:
        """Prove the PIN."""
        self.selected()
        command = bytes([0, VERIFY, 0, PIN_REFERENCE, PIN_OCTETS]) + filler(1)
        answer = split(self.pad.verify(command))
        require_secret(answer, SecretKind.PIN, "proving the PIN")

    def change_pin(self) -> None:
        """Replace the PIN."""
        self.selected()
        command = bytes([0, CHANGE, 0, PIN_REFERENCE, 2 * PIN_OCTETS]) + filler(2)
        answer = split(self.pad.modify(command))
        require_secret(answer, SecretKind.PIN, "replacing the PIN")
