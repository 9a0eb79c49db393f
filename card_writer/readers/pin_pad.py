"""A reader's own keys, at which a PIN is typed that never leaves it (PC/SC part 10, v2.02.09).

The reader puts what is typed into a command that it is given, and sends that to the card itself.
Fields of more than one octet are little-endian (2.5.2, 2.5.3), but for the codes of the features,
which are big-endian (2.2).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from card_writer.at_reader import NotTyped, PinNotTyped
from card_writer.card_edge import CardGone, CardRefused

VERIFY_DIRECT, MODIFY_DIRECT, PROPERTIES, TLV_PROPERTIES = 0x06, 0x07, 0x0A, 0x12
WAIT_SECONDS: Final = 30
_OK_KEY: Final = 0x02
"""bEntryValidationCondition: the entry ends when the key for it is pressed."""
_ASCII_FROM_LEFT: Final = 0x82
"""bmFormatString: units are octets, the PIN begins with the data, left justified, in ASCII."""
_CONFIRM_AND_OLD: Final = 0x03
_MIN_PIN, _MAX_PIN = 0x06, 0x07
_FEATURE_OCTETS: Final = 4
_PROPERTY_OCTETS: Final = 4
_VERIFY: Final = "<5BH2BHB3sL"
_MODIFY: Final = "<7BH3BH3B3sL"
_STATUSES: Final = {
    b"\x64\x00": NotTyped.TIMED_OUT,
    b"\x64\x01": NotTyped.CANCELLED,
    b"\x64\x02": NotTyped.DIFFERENT,
    b"\x64\x03": NotTyped.LENGTH,
}
_BAD_STRUCTURE: Final = b"\x6b\x80"
_SAID: Final = {
    NotTyped.TIMED_OUT: "no PIN was typed at the reader in time",
    NotTyped.CANCELLED: "typing the PIN was cancelled at the reader",
    NotTyped.DIFFERENT: "the new PIN and its repetition are not the same",
    NotTyped.LENGTH: "a PIN of another length was typed at the reader",
}


class PadLine(Protocol):
    """A connection with a reader."""

    def features(self) -> bytes | None:
        """What it answers to CM_IOCTL_GET_FEATURE_REQUEST; None: it knows no such thing."""
        ...

    def control(self, code: int, data: bytes) -> bytes | None:
        """What it answers to a control code; None: it did not do it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PinForm:
    """PINs of digits, written from the left over a block that is filled already."""

    block_octets: int
    shortest: int
    longest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PinPad:
    """The keys of one reader, at which PINs of one form are typed.

    ``language`` is what it shows, where it can; ``ends`` how entry ends.

    Each call waits until somebody has typed, or `WAIT_SECONDS` without a key.
    """

    line: PadLine
    form: PinForm
    verify_code: int
    modify_code: int | None
    ends: int
    language: int

    @classmethod
    def of(cls, line: PadLine, form: PinForm, language: int) -> "PinPad | None":
        """The keys of this reader; None where it has none that take PINs of this form."""
        codes = _features(line.features() or b"")
        if VERIFY_DIRECT not in codes:
            return None
        told = _told(line, codes)
        if told.get(_MIN_PIN, 0) > form.shortest or told.get(_MAX_PIN, 0xFF) < form.longest:
            return None
        return cls(
            line=line,
            form=form,
            verify_code=codes[VERIFY_DIRECT],
            modify_code=codes.get(MODIFY_DIRECT),
            ends=_ends(line, codes),
            language=language,
        )

    def verify(self, command: bytes) -> bytes:
        """The card's answer to ``command``, its first block replaced by what was typed.

        Raises:
            PinNotTyped: nobody typed it.
            CardRefused: the reader does not understand what it is asked.
            CardGone: there is no answer; whether the card acted is not known.
        """
        return self._asked(self.verify_code, verify_structure(self, command))

    def modify(self, command: bytes) -> bytes:
        """The same with two blocks: the old PIN, and the new one, which is typed twice.

        Raises:
            PinNotTyped, CardRefused, CardGone: as `verify`.
        """
        if self.modify_code is None:
            raise AssertionError("a reader that cannot do this is not asked")
        return self._asked(self.modify_code, modify_structure(self, command))

    def _asked(self, code: int, structure: bytes) -> bytes:
        answer = self.line.control(code, structure)
        if answer is None:
            raise CardGone(
                message="the reader gave no answer to a PIN that is typed at it",
                next_step="put the card in again and repeat",
                outcome_unknown=True,
            )
        why = _STATUSES.get(answer)
        if why is not None:
            raise PinNotTyped(message=_SAID[why], next_step="repeat it; no try was spent", why=why)
        if answer == _BAD_STRUCTURE:
            raise CardRefused(
                message="the reader does not understand how PINs of this card are written",
                next_step="set pin_pad = false in the configuration: they are typed here then",
            )
        return answer


def verify_structure(pad: PinPad, command: bytes) -> bytes:
    """PIN_VERIFY (2.5.2): one message, the card's PIN once."""
    form = pad.form
    head = struct.pack(
        _VERIFY,
        WAIT_SECONDS,
        WAIT_SECONDS,
        _ASCII_FROM_LEFT,
        form.block_octets,
        0,
        form.shortest << 8 | form.longest,
        pad.ends,
        1,
        pad.language,
        0,
        bytes(3),
        len(command),
    )
    return head + command


def modify_structure(pad: PinPad, command: bytes) -> bytes:
    """PIN_MODIFY (2.5.3): three messages, for the old PIN, the new one, and the new one again."""
    form = pad.form
    head = struct.pack(
        _MODIFY,
        WAIT_SECONDS,
        WAIT_SECONDS,
        _ASCII_FROM_LEFT,
        form.block_octets,
        0,
        0,
        form.block_octets,
        form.shortest << 8 | form.longest,
        _CONFIRM_AND_OLD,
        pad.ends,
        3,
        pad.language,
        0,
        1,
        2,
        bytes(3),
        len(command),
    )
    return head + command


def _features(told: bytes) -> dict[int, int]:
    """Codes by feature (2.2); whatever else it told is none."""
    found = _fields(told)
    return {
        tag: int.from_bytes(value, "big")
        for tag, value in found.items()
        if len(value) == _FEATURE_OCTETS
    }


def _told(line: PadLine, codes: Mapping[int, int]) -> dict[int, int]:
    """Numbers that the reader tells of itself (2.6.14)."""
    if TLV_PROPERTIES not in codes:
        return {}
    fields = _fields(line.control(codes[TLV_PROPERTIES], b"") or b"")
    return {tag: int.from_bytes(value, "little") for tag, value in fields.items()}


def _ends(line: PadLine, codes: Mapping[int, int]) -> int:
    """By the key for it, unless the reader has none and says what it does instead (2.5.5)."""
    told = line.control(codes[PROPERTIES], b"") if PROPERTIES in codes else None
    known = told[2] if told is not None and len(told) == _PROPERTY_OCTETS else 0
    return _OK_KEY if not known or known & _OK_KEY else known


def _fields(octets: bytes) -> dict[int, bytes]:
    """Tag, length and value, one octet each for the former two; what is cut short is left out."""
    found: dict[int, bytes] = {}
    while len(octets) > 1:
        tag, size = octets[0], octets[1]
        value, octets = octets[2 : 2 + size], octets[2 + size :]
        if len(value) == size:
            found[tag] = value
    return found
