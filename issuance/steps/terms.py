"""On what terms a caller asks for a change: once under a key, and only of what they saw."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from issuance.steps.once import Once
from pki.domain.cards import Card
from pki.domain.errors import PreconditionFailed

_OCTETS: Final = 12

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms(Generic[T]):
    """``seen`` names versions of what is changed; in any other the change is not wanted."""

    once: Once[T] | None = field(default=None)
    seen: frozenset[str] | None = None

    def require_seen(self, card: Card) -> None:
        """Let the card be changed if it is as the caller saw it.

        Raises:
            PreconditionFailed: somebody changed it since.
        """
        self.require_version("card", card_version(card))

    def require_version(self, what: str, version: str) -> None:
        """Let something be changed if it is as the caller saw it.

        Raises:
            PreconditionFailed: somebody changed it since.
        """
        if self.seen is not None and version not in self.seen:
            raise PreconditionFailed(
                message=f"the {what} was changed since it was read",
                next_step=f"read the {what} again, and decide again",
            )


def card_version(card: Card) -> str:
    """A name for the card as it is now: of all it holds, only the phase ever changes."""
    digest = hashlib.sha256(f"{card.id}{card.phase!r}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:_OCTETS]).decode()
