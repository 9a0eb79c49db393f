"""What a ceremony asks of the place where keys are: encrypted files, or a PKCS#11 token."""

from typing import Protocol

from ca.ceremony.plan import Destroyed, NewKey
from pki.ports import Signer


class CeremonyKeys(Protocol):
    """Keys by name. What happens to one is in the transcript before it can be relied on."""

    def settle(self) -> None:
        """After an interruption: remove what was begun and not finished."""
        ...

    def require_new(self, name: str) -> None:
        """Raise Conflict when a key of this name exists."""
        ...

    def make(self, key: NewKey) -> Signer:
        """Make a key that only several people together can use."""
        ...

    def unlock(self, name: str, folder: str | None = None) -> Signer:
        """Open a key with its people; ``folder`` (of the plan) when it is of another ceremony."""
        ...

    def inventory(self) -> dict[str, str]:
        """Every object there, with what tells it apart from another of the same name."""
        ...

    def destroy(self, key: Destroyed) -> None:
        """Destroy a key; the transcript says so before and after."""
        ...

    def close(self) -> None:
        """Forget what was opened."""
        ...
