"""A PIN that is typed at the keys of the card reader itself, and never comes to this computer."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Protocol

from pki.domain.errors import ZorgidError


class PinEntry(Enum):
    """Where the PIN of a pass is typed."""

    HERE = "here"
    AT_READER = "at-reader"
    NOWHERE = "nowhere"
    """It has none."""


class NotTyped(Enum):
    """Why a reader sent no PIN to the card."""

    TIMED_OUT = "timed-out"
    CANCELLED = "cancelled"
    DIFFERENT = "different"
    """The new PIN and its repetition are not the same."""
    LENGTH = "length"


@dataclass(kw_only=True, eq=False)
class PinNotTyped(ZorgidError):
    """The reader has no PIN to send: the card was not asked, and no try was spent."""

    code: ClassVar[str] = "pin-not-typed"
    why: NotTyped


class KeypadCard(Protocol):
    """A card whose PIN can be typed at its reader. Each call waits for a person."""

    @property
    def can_change(self) -> bool:
        """Whether its PIN is changed there too; if not, that is done with both given here."""
        ...

    def log_in(self) -> None:
        """Prove the holder's presence.

        Raises:
            PinNotTyped: nobody typed it.
            WrongSecret: it is wrong, or blocked.
        """
        ...

    def change_pin(self) -> None:
        """Replace the PIN: the old one is typed, and the new one twice.

        Only its length is looked at: what is typed there is seen by nobody.

        Raises:
            PinNotTyped: nobody typed them, or the new one differed from its repetition.
            WrongSecret: the old one is wrong, or blocked.
        """
        ...
