"""What kind of card lies in a reader, by the answer to reset that its kind has (ISO 7816-3 8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pki.domain.errors import ConfigurationInvalid


class CardKind(Enum):
    """What the writer takes a card for before it has talked to it."""

    UZI_PASS = "uzi-pass"
    ZORG_ID = "zorg-id"


@dataclass(frozen=True, slots=True)
class AtrMask:
    """Answers to reset of one kind: equal to ``value`` in the bits that ``mask`` has set."""

    kind: CardKind
    value: bytes
    mask: bytes

    @classmethod
    def read(cls, kind: CardKind, text: str) -> "AtrMask":
        """From hexadecimal text in which ``x`` stands for any digit; spaces do not count.

        Raises:
            ConfigurationInvalid: other characters, an odd number of digits, or more than 33 octets.
        """
        digits = text.replace(" ", "").lower()
        try:
            value = bytes.fromhex(digits.replace("x", "0"))
            mask = bytes.fromhex("".join("0" if digit == "x" else "f" for digit in digits))
        except ValueError:
            raise _unusable(text) from None
        if not 2 <= len(value) <= 33:  # noqa: PLR2004 -- ISO 7816-3 8.1
            raise _unusable(text)
        return cls(kind, value, mask)

    def fits(self, atr: bytes) -> bool:
        """Whether ``atr`` is of this kind."""
        return len(atr) == len(self.value) and all(
            octet & mask == value
            for octet, mask, value in zip(atr, self.mask, self.value, strict=True)
        )


UZI_PASSES: Final = tuple(
    AtrMask.read(CardKind.UZI_PASS, text)
    for text in (
        "3B FD 18 00 FF 81 31 FE 45 43 49 42 47 55 5A 49 4A 32 41 30 38 31 58",
        "3B DC 18 FF 81 91 FE 1F C3 06 0A 2B 06 01 04 01 E9 10 05 02 03 D1",
        "3B DC 18 FF 81 91 FE 1F C3 06 0A 2B 06 01 04 01 E9 10 05 02 04 D6",
    )
)
"""UZI passes as pcsc-tools' list of answers to reset has them."""


def recognise(atr: bytes, masks: Iterable[AtrMask]) -> CardKind | None:
    """The kind of the first mask that fits, if one does."""
    return next((mask.kind for mask in masks if mask.fits(atr)), None)


def _unusable(text: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key="atr",
        message=f"{text!r} is no mask of an answer to reset",
        next_step="write 2 to 33 octets in hexadecimal, with x for digits that do not count",
    )
