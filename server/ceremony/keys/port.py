"""What a ceremony asks of the place where keys are: encrypted files, or a PKCS#11 token."""

from dataclasses import dataclass
from typing import Protocol

from ca.ceremony.plan import Destroyed, NewKey
from pki.ports import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A key that is in a token; ``unsafe`` names what of it a ceremony would make otherwise."""

    signer: Signer
    key_id: bytes
    unsafe: tuple[str, ...]


def object_name(token: str, kind: str, label: str, key_id: bytes) -> str:
    """How an inventory calls an object of a token."""
    return f"{token} {kind} {label} {key_id.hex()}"


def label_of(token: str, name: str) -> str | None:
    """The label in what `object_name` gave; None for the name of a file."""
    start, _, rest = name.removeprefix(f"{token} ").partition(" ")
    is_object = name.startswith(f"{token} {start} ") and " " in rest
    return rest.rpartition(" ")[0] if is_object else None


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

    def held(self, label: str) -> HeldKey:
        """A key of a token, to be proven; raises NotFound unless there is exactly one."""
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
