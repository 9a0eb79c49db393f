"""python-pkcs11 behind `ports.Library`; only this and `objects` import it.

It is loaded in the process of the module alone; see `child`.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pkcs11
from pkcs11 import MGF, Mechanism, PrivateKey, Session, Token, TokenFlag
from pkcs11.exceptions import (
    FunctionNotSupported,
    MultipleTokensReturned,
    PKCS11Error,
    RandomNoRNG,
    UserAlreadyLoggedIn,
)
from pkcs11.types import SignMixin

from pki.domain.algorithms import KeyType
from pki.domain.errors import ConfigurationInvalid
from pki.keys.pkcs11 import objects
from pki.keys.pkcs11.ports import (
    Failed,
    Fault,
    Gone,
    KeyMissing,
    KeyName,
    Operation,
    PinRefused,
    TokenObject,
)

if TYPE_CHECKING:
    from pkcs11 import _pkcs11

_PROBE_BITS: Final = 64
_GONE: Final = frozenset(
    {
        "DeviceRemoved",
        "KeyHandleInvalid",
        "NoSuchToken",
        "ObjectHandleInvalid",
        "SessionClosed",
        "SessionHandleInvalid",
        "SlotIDInvalid",
        "TokenNotPresent",
        "TokenNotRecognised",
        "UserNotLoggedIn",
    }
)
_PIN: Final = frozenset(
    {
        "PinExpired",
        "PinIncorrect",
        "PinInvalid",
        "PinLenRange",
        "PinLocked",
        "UserPinNotInitialized",
    }
)


def load(path: Path) -> "Pkcs11Library":
    """Load and initialise the module in ``path``.

    Raises:
        ConfigurationInvalid: it is no PKCS#11 module, or it does not start.
    """
    try:
        return Pkcs11Library(pkcs11.lib(str(path)))
    except PKCS11Error as error:
        why = str(error) or type(error).__name__
        raise ConfigurationInvalid(
            key="module",
            message=f"{path} cannot be used as a PKCS#11 module: {why}",
            next_step="name the shared library that came with the HSM",
        ) from None


class Pkcs11Library:
    """A loaded module."""

    def __init__(self, lib: "_pkcs11.lib") -> None:
        self._lib = lib

    def open(self, token: str, pin: bytes, *, again: bool) -> "Pkcs11Session":
        with _translated():
            found = self._lib.get_token(token_label=token)
            if found.flags & (TokenFlag.USER_PIN_LOCKED | TokenFlag.USER_PIN_FINAL_TRY):
                raise PinRefused("the PIN is locked, or the next wrong one locks it")
            if again and found.flags & TokenFlag.USER_PIN_COUNT_LOW:
                raise PinRefused("a wrong PIN was given since the last log-in")
            return Pkcs11Session(_logged_in(found, pin))

    def restart(self) -> None:
        with _translated():
            self._lib.reinitialize()


class Pkcs11Session:
    """The session that logged in: while it is open, the log-in lasts."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._handles: dict[KeyName, PrivateKey] = {}

    def mechanisms(self) -> frozenset[str]:
        with _translated():
            known = self._session.token.slot.get_mechanisms()
        return frozenset(str(getattr(each, "name", "")) for each in known)

    def public_key(self, key: KeyName) -> bytes:
        with _translated():
            return objects.public_key(self._alive(), key)

    def sign(self, key: KeyName, operation: Operation) -> bytes:
        mechanism = Mechanism[operation.mechanism]
        parameters = None if operation.digest is None else _pss(operation.digest)
        with _translated():
            handle = self._handles.get(key)
            if handle is None:
                handle = self._handles[key] = objects.private_key(self._alive(), key)
            if not isinstance(handle, SignMixin):
                raise KeyMissing("the private key may not sign")
            signature = handle.sign(operation.data, mechanism=mechanism, mechanism_param=parameters)
        return bytes(signature)

    def objects(self) -> tuple[TokenObject, ...]:
        with _translated():
            return objects.listed(self._alive())

    def generate(self, key: KeyName, key_type: KeyType) -> None:
        with _translated(), self._writable() as session:
            objects.generate(session, key, key_type)

    def destroy(self, key: KeyName) -> int:
        with _translated(), self._writable() as session:
            return objects.destroy(session, key)

    def close(self) -> None:
        with suppress(PKCS11Error):
            self._session.close()

    def _alive(self) -> Session:
        """The session, unless it is lost: a search in a lost one would also complain on stderr."""
        with suppress(RandomNoRNG, FunctionNotSupported):
            self._session.generate_random(_PROBE_BITS)
        return self._session

    @contextmanager
    def _writable(self) -> Iterator[Session]:
        """A second session of the same log-in, which may write."""
        session = self._session.token.open(rw=True)
        try:
            yield session
        finally:
            session.close()


def _logged_in(token: Token, pin: bytes) -> Session:
    try:
        return token.open(user_pin=pin.decode())
    except UserAlreadyLoggedIn:
        # The log-in outlived the session that made it: it is one for each token and process.
        return token.open()
    except UnicodeDecodeError:
        raise PinRefused("a PIN is UTF-8 text (PKCS#11 2.40, 3.1)") from None


def _pss(digest: str) -> tuple[Mechanism, MGF, int]:
    """Digest, mask function over the same digest, and a salt as long (RFC 4055 3.1)."""
    name = digest.upper()
    return Mechanism[name], MGF[name], int(name.removeprefix("SHA")) // 8


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except MultipleTokensReturned:
        raise KeyMissing("more than one token has that label") from None
    except PKCS11Error as error:
        raise _fault(type(error).__name__) from None


def _fault(name: str) -> Fault:
    """Sort a return value by its name; python-pkcs11's texts say no more than that."""
    if name in _PIN:
        return PinRefused(name)
    return Gone(name) if name in _GONE else Failed(name)
