"""What a status word of a PIV card means (SP 800-73-4 part 2, 3.2; ISO 7816-4 5.6)."""

from typing import Final

from card_writer.card_edge import CardRefused, PinNeeded, SecretKind, WrongSecret
from card_writer.piv.apdu import OK, Answer

BLOCKED: Final = 0x6983
NOT_FOUND: Final = 0x6A82
UNKNOWN: Final = frozenset({0x6D00, 0x6E00, 0x6A81, 0x6A88})
"""The command, its class, its function or the key it names is none that the card has."""
_SECURITY: Final = 0x6982
_TRIES: Final = 0x63C0
_TRIES_MASK: Final = 0xFFF0
_NEXT: Final = "read the card's state before going on"
_MEANT: Final = {
    _SECURITY: "wants a right that was not given",
    0x6985: "refuses this in its present state",
    0x6A80: "refuses the data it was sent",
    0x6A81: "does not know this function",
    0x6A84: "has no room left",
    0x6A86: "does not know this parameter",
    0x6A88: "has no such key",
    0x6D00: "does not know this command",
    0x6E00: "does not know this class of commands",
    0x6F00: "failed without a reason",
    NOT_FOUND: "holds no such object",
}


def require(answer: Answer, doing: str) -> bytes:
    """The answer's data, when the card did what was asked.

    Raises:
        PinNeeded: it wants its PIN first.
        CardRefused: any other status; ``doing`` names what was asked.
    """
    if answer.status == OK:
        return answer.data
    why = _MEANT.get(answer.status, "refuses")
    message = f"{doing}: the card {why} (status {answer.status:04x})"
    kind = PinNeeded if answer.status == _SECURITY else CardRefused
    raise kind(message=message, next_step=_NEXT)


def require_secret(answer: Answer, which: SecretKind, doing: str) -> None:
    """Go on when the card accepted a PIN or PUK.

    Raises:
        WrongSecret: it did not; says how many tries are left.
        CardRefused: any other status.
    """
    left = tries_left(answer)
    if left is None:
        require(answer, doing)
        return
    raise WrongSecret(
        message=f"{doing}: the {which.value} is {'wrong' if left else 'blocked'}",
        next_step="it was not tried again" if left else "the card tells no more tries are left",
        which=which,
        tries_left=left,
    )


def tries_left(answer: Answer) -> int | None:
    """The tries that a status word tells of."""
    if answer.status == BLOCKED:
        return 0
    return answer.status & 0xF if answer.status & _TRIES_MASK == _TRIES else None
