"""The log-in at one token: kept open, renewed when it is lost, given up when the PIN is wrong."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pki.domain.errors import ConfigurationInvalid, SignerUnavailable
from pki.keys.pin import Pin
from pki.keys.pkcs11.ports import (
    Failed,
    Gone,
    KeyMissing,
    KeyName,
    Library,
    Operation,
    PinRefused,
    TokenSession,
)

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
_TRIES: Final = 2
"""A call that met a lost session is repeated once, after a new log-in."""

FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 5.0
"""Seconds between attempts to reach a token that is gone; doubled each time."""


@dataclass(slots=True, kw_only=True)
class Statistics:
    """What was counted since the module was loaded; read from other threads."""

    signatures: int = 0
    logins: int = 0
    restarts: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class TokenLink:
    """One token's session and key handles. Used by the module's worker thread only.

    ``restart`` restarts the whole module and makes every link forget its session: handles are
    numbers that a restarted module gives out again, to other keys.
    """

    def __init__(
        self,
        token: str,
        *,
        library: Library,
        restart: Callable[[], None],
        statistics: Statistics,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._token = token
        self._library = library
        self._restart = restart
        self._statistics = statistics
        self._monotonic = monotonic
        self._pin: Pin | None = None
        self._refused: Pin | None = None
        self._session: TokenSession | None = None
        self._handles: dict[KeyName, object] = {}
        self._pause = FIRST_PAUSE
        self._not_before = float("-inf")

    def needs_pin(self) -> bool:
        """Whether no PIN was given yet, or the one given was refused."""
        return self._pin is None

    @property
    def refused(self) -> bool:
        """Whether the token refused the PIN it was given last."""
        return self._refused is not None

    def give_pin(self, pin: Pin) -> None:
        """Use this PIN from now on; one that the token refused already is not taken again."""
        if self._refused is None or not self._refused.same_as(pin):
            self._pin, self._refused = pin, None

    def sign(self, key: KeyName, operation: Operation) -> bytes:
        """One signature, as the token gives it.

        Raises:
            SignerUnavailable: not now; nothing is released.
        """

        def work(session: TokenSession) -> bytes:
            handle = self._handles.get(key)
            if handle is None:
                handle = self._handles[key] = session.find(key)
            return session.sign(handle, operation)

        try:
            signature = self.use(work)
        except KeyMissing as missing:
            self._count(missing)
            raise SignerUnavailable(
                message=f"key {key} is not in its token any more", next_step="look into the token"
            ) from None
        self._statistics.signatures += 1
        return signature

    def use(self, work: Callable[[TokenSession], T]) -> T:
        """Do something in the session, once more after a new log-in when the session was lost.

        Raises:
            SignerUnavailable: the token is gone, failed, or refused the PIN.
            KeyMissing: as ``work`` says.
        """
        for _ in range(_TRIES):
            session = self._connected()
            try:
                return work(session)
            except Gone as gone:
                self._count(gone)
                _LOG.warning("a token's session was lost", extra=self._about(gone))
                self.forget()
            except Failed as failed:
                # It may have signed: the caller must not get a second signature unasked.
                self._count(failed)
                self.forget()
                raise self._unavailable(f"failed ({failed})") from None
        self._wait_longer()
        raise self._unavailable("loses its session again and again")

    def forget(self) -> None:
        """End the session, if there is one; the next use logs in anew."""
        session, self._session = self._session, None
        self._handles.clear()
        if session is not None:
            session.close()

    def _connected(self) -> TokenSession:
        if self._session is not None:
            return self._session
        if self._pin is None:
            raise self._latched()
        if self._monotonic() < self._not_before:
            raise self._unavailable("is gone; it is looked for again in a moment")
        try:
            self._session = self._open(self._pin)
        except PinRefused as refused:
            self._count(refused)
            self._pin, self._refused = None, self._pin
            _LOG.critical("a token refused its PIN; it is not tried again", extra=self._about())
            raise self._latched() from None
        except (Gone, Failed) as gone:
            self._count(gone)
            self._wait_longer()
            raise self._unavailable(f"cannot be reached ({gone})") from None
        self._pause, self._not_before = FIRST_PAUSE, float("-inf")
        self._statistics.logins += 1
        _LOG.info("logged in at a token", extra=self._about())
        return self._session

    def _open(self, pin: Pin) -> TokenSession:
        try:
            return self._library.open(self._token, pin.reveal())
        except (Gone, Failed):
            # Modules look for tokens when they are initialised; one that came back is seen then.
            self._restart()
            return self._library.open(self._token, pin.reveal())

    def _wait_longer(self) -> None:
        self._not_before = self._monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _count(self, fault: Exception) -> None:
        self._statistics.errors[type(fault).__name__] += 1

    def _about(self, fault: Exception | None = None) -> dict[str, str]:
        return {"token": self._token, **({} if fault is None else {"fault": str(fault)})}

    def _unavailable(self, what: str) -> SignerUnavailable:
        return SignerUnavailable(
            message=f"token {self._token} {what}", next_step="look at the HSM; nothing was signed"
        )

    def _latched(self) -> SignerUnavailable:
        return SignerUnavailable(
            message=f"token {self._token} refused the PIN; it is not tried again, lest it locks",
            next_step="correct the PIN and start again",
        )


def key_missing(key: KeyName, why: Exception) -> ConfigurationInvalid:
    """A key that the configuration names and the token does not have."""
    return ConfigurationInvalid(
        key="key_id",
        message=f"key {key} cannot be used: {why}",
        next_step="compare token, key_id and label with the inventory of the key ceremony",
    )
