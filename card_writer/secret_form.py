"""Which forms of PIN and PUK a card takes; looked at before a try is spent."""

from typing import Final

from card_writer.card_edge import CardRefused, PinCharacters
from card_writer.secret import Secret

PIN_MIN: Final = 6
PIN_MAX: Final = 8
PUK_OCTETS: Final = 8


def check_pin(pin: Secret, characters: PinCharacters) -> None:
    """Refuse a PIN of another form.

    Raises:
        CardRefused: it is too short or too long, or has other characters than the card takes.
    """
    octets = pin.reveal()
    if characters is PinCharacters.DIGITS:
        good = all(each in b"0123456789" for each in octets)
    else:
        good = all(0x21 <= each <= 0x7E for each in octets)  # noqa: PLR2004 -- printable ASCII
    if not good or not PIN_MIN <= len(pin) <= PIN_MAX:
        raise CardRefused(
            message=f"a PIN of this card has 6 to 8 characters, of {characters.value}",
            next_step="choose another; no try was spent",
        )


def check_puk(puk: Secret) -> None:
    """Refuse a PUK of another form.

    Raises:
        CardRefused: it has not 8 octets (SP 800-73-4 part 2, 2.4.3).
    """
    if len(puk) != PUK_OCTETS:
        raise CardRefused(
            message="a PUK has 8 characters", next_step="choose another; no try was spent"
        )
