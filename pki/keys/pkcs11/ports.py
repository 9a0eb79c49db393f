"""What is asked of a PKCS#11 library, and how it fails; `library` fulfils it with python-pkcs11."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pki.domain.algorithms import KeyType


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyName:
    """Where a key is: the token's label, CKA_ID, and CKA_LABEL where that shall agree as well."""

    token: str
    key_id: bytes
    label: str | None = None

    def __str__(self) -> str:
        return f"{self.token}/{self.key_id.hex()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call of C_Sign: the mechanism's name (CKM_ left out) and what it is given.

    ``digest`` is the digest's name where the mechanism is PSS.
    """

    mechanism: str
    data: bytes
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenObject:
    """An object in a token as an inventory lists it; ``attributes`` are those of a key's safety."""

    kind: str
    key_id: bytes
    label: str
    key_type: str
    attributes: Mapping[str, bool]


class Fault(Exception):
    """What a PKCS#11 call came to; the text is the name of its return value, never a PIN."""


class Gone(Fault):
    """The session, log-in, token or device is gone; nothing was done; a new log-in may help."""


class PinRefused(Fault):
    """The token refused the PIN, or would lock at the next wrong one: do not try again."""


class KeyMissing(Fault):
    """No key of that name, or more than one."""


class Failed(Fault):
    """Something else; whether the session can still be used is not known."""


class TokenSession(Protocol):
    """A session at one token, logged in. Used by one thread only; each call may raise a Fault."""

    def mechanisms(self) -> frozenset[str]:
        """Names of the token's mechanisms."""
        ...

    def public_key(self, key: KeyName) -> bytes:
        """The DER SubjectPublicKeyInfo of a key pair."""
        ...

    def sign(self, key: KeyName, operation: Operation) -> bytes:
        """The signature as the token gives it; the key is looked for once in a session."""
        ...

    def objects(self) -> tuple[TokenObject, ...]:
        """Everything in the token that this log-in sees."""
        ...

    def generate(self, key: KeyName, key_type: KeyType) -> None:
        """Make a key pair in the token, to sign with and nothing else; it never leaves."""
        ...

    def destroy(self, key: KeyName) -> int:
        """Remove all key objects of that name; how many there were."""
        ...

    def close(self) -> None:
        """Log out and end it; never raises."""
        ...


class Library(Protocol):
    """A loaded module. Used by one thread only; each call may raise a Fault."""

    def open(self, token: str, pin: bytes, *, again: bool) -> TokenSession:
        """Log in at the token with that label.

        ``again``: nobody knows what came of giving this PIN before, so it is refused when the token
        says that it met a wrong one.
        """
        ...

    def restart(self) -> None:
        """C_Finalize and C_Initialize, so that a changed set of tokens is seen.

        Every session of this module is gone afterwards.
        """
        ...
