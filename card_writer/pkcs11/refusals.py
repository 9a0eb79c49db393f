"""What a PKCS#11 module's return value means (PKCS#11 2.40, 5.1), by python-pkcs11's names."""

from dataclasses import dataclass
from typing import Final

from card_writer.at_reader import NotTyped, PinNotTyped
from card_writer.card_edge import CardGone, CardRefused, PinNeeded, SecretKind, WrongSecret
from pki.domain.errors import ZorgidError

WRONG: Final = frozenset({"PinIncorrect", "PinLocked"})
_BAD_FORM: Final = frozenset({"PinInvalid", "PinLenRange", "PinTooWeak"})
_GONE: Final = frozenset(
    {
        "DeviceRemoved",
        "SessionClosed",
        "SessionHandleInvalid",
        "SlotIDInvalid",
        "TokenNotPresent",
        "TokenNotRecognised",
    }
)


@dataclass(kw_only=True, eq=False)
class TokenRefused(CardRefused):
    """The module's own refusal; ``value`` is its return value's name."""

    value: str


def refused(value: str, *, doing: str) -> ZorgidError:
    """The error for a return value."""
    if value in _GONE:
        return CardGone(
            message=f"{doing}: the card is not there any more ({value})",
            next_step="put the card in again and repeat: what was done is found on the card",
            outcome_unknown=True,
        )
    if value == "FunctionCancelled":
        return PinNotTyped(
            message=f"{doing}: no PIN was typed at the reader",
            next_step="repeat it; no try was spent",
            why=NotTyped.CANCELLED,
        )
    if value == "UserNotLoggedIn":
        return PinNeeded(message=f"{doing}: the card wants its PIN", next_step="give the PIN")
    if value in _BAD_FORM:
        return CardRefused(
            message=f"{doing}: the card does not take a PIN of this form ({value})",
            next_step="choose another; no try was spent",
        )
    return TokenRefused(
        message=f"{doing}: the module refuses ({value})",
        next_step="read the card's state before going on",
        value=value,
    )


def wrong(which: SecretKind, *, at_least: int) -> WrongSecret:
    """A PIN or PUK that was refused; ``at_least`` so many tries are left."""
    return WrongSecret(
        message=f"the {which.value} is {'wrong' if at_least else 'blocked'}",
        next_step="it was not tried again" if at_least else "the card tells no more tries are left",
        which=which,
        tries_left=at_least,
    )
