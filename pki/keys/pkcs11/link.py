"""The log-in at one token: kept open, renewed when it is lost, given up when the PIN is wrong."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from pki.domain.errors import SignerUnavailable
from pki.keys.pkcs11.ports import Failed, Fault, Gone, Library, PinRefused, TokenSession
from pki.keys.pkcs11.wire import Event, GivePin

T = TypeVar("T")

_TRIES: Final = 2
"""A call that met a lost session is repeated once, after a new log-in."""

FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 5.0
"""Seconds between attempts to reach a token that is gone; doubled each time."""


class TokenLink:
    """One token's session, in the process of the module.

    ``restart`` restarts the whole module and makes every link forget its session: handles are
    numbers that a restarted module gives out again, to other keys.
    """

    def __init__(
        self,
        token: str,
        *,
        library: Library,
        restart: Callable[[], None],
        tell: Callable[[Event], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._token = token
        self._library = library
        self._restart = restart
        self._tell = tell
        self._monotonic = monotonic
        self._pin: GivePin | None = None
        self._session: TokenSession | None = None
        self._pause = FIRST_PAUSE
        self._not_before = float("-inf")

    def give_pin(self, pin: GivePin) -> None:
        """Use this PIN from now on, until the token refuses it."""
        self._pin = pin

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
                self._happened(gone)
                self.forget()
            except Failed as failed:
                # It may have signed: the caller must not get a second signature unasked.
                self._happened(failed)
                self.forget()
                raise self._unavailable(f"failed ({failed})") from None
        self._wait_longer()
        raise self._unavailable("loses its session again and again")

    def forget(self) -> None:
        """End the session, if there is one; the next use logs in anew."""
        session, self._session = self._session, None
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
            self._happened(refused)
            self._pin = None
            raise self._latched() from None
        except (Gone, Failed) as gone:
            self._happened(gone)
            self._wait_longer()
            raise self._unavailable(f"cannot be reached ({gone})") from None
        # The token has just taken it; what others do to the token's count of tries is theirs.
        self._pin = replace(self._pin, again=False)
        self._pause, self._not_before = FIRST_PAUSE, float("-inf")
        self._tell(Event(name="login", token=self._token))
        return self._session

    def _open(self, pin: GivePin) -> TokenSession:
        try:
            return self._library.open(self._token, pin.pin, again=pin.again)
        except (Gone, Failed):
            # Modules look for tokens when they are initialised; one that came back is seen then.
            self._restart()
            return self._library.open(self._token, pin.pin, again=pin.again)

    def _wait_longer(self) -> None:
        self._not_before = self._monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _happened(self, fault: Fault) -> None:
        self._tell(Event(name=type(fault).__name__, token=self._token, fault=str(fault)))

    def _unavailable(self, what: str) -> SignerUnavailable:
        return SignerUnavailable(
            message=f"token {self._token} {what}", next_step="look at the HSM; nothing was signed"
        )

    def _latched(self) -> SignerUnavailable:
        return SignerUnavailable(
            message=f"token {self._token} refused the PIN; it is not tried again, lest it locks",
            next_step="correct the PIN and start again",
        )
