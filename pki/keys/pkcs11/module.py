"""A PKCS#11 module in a process of its own: its PINs, its log-ins, and what is counted of them."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pki.domain.errors import ConfigurationInvalid, SignerBusy, SignerUnavailable
from pki.keys.pin import Pin, PinSource
from pki.keys.pkcs11.ports import KeyMissing, KeyName, Operation
from pki.keys.pkcs11.process import START_SECONDS, Caller, Loss, OnLoop, Peer
from pki.keys.pkcs11.wire import (
    Answer,
    Event,
    Find,
    FoundKey,
    GivePin,
    OfKey,
    Reach,
    Request,
    Sign,
    encoded,
)

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

_SAID: Final = {
    "login": (logging.INFO, "logged in at a token"),
    "restart": (logging.INFO, "a PKCS#11 module was initialised anew"),
    "Gone": (logging.WARNING, "a token or its session is gone"),
    "Failed": (logging.ERROR, "a token failed"),
    "PinRefused": (logging.CRITICAL, "a token refused its PIN; it is not tried again"),
}


@dataclass(slots=True, kw_only=True)
class Statistics:
    """What was counted since the start; read from other threads."""

    signatures: int = 0
    logins: int = 0
    restarts: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class Pkcs11Module:
    """All calls into one module, from any thread or event loop, through its one process.

    The process is killed when a signature takes longer than ``answer_seconds``, and another one is
    started for what comes next. PINs are kept here for it, but for one that its token refused.
    """

    def __init__(self, name: str, start: Callable[[], Peer], *, answer_seconds: float) -> None:
        """``start`` starts the process, when it is first needed and when it was lost."""
        self.name = name
        self.statistics = Statistics()
        self._answer_seconds = answer_seconds
        self._pins: dict[str, Pin] = {}
        self._refused: dict[str, Pin] = {}
        self._caller = Caller(
            name, start=start, greeting=self._greeting, seen=self._seen, lost=self._was_lost
        )

    @property
    def pending(self) -> int:
        """How many calls run or wait now."""
        return self._caller.pending

    def log_in(self, token: str, pin: PinSource) -> None:
        """See to it that this token can be used; ``pin`` is asked only when none is held.

        Raises:
            ConfigurationInvalid: no PKCS#11 module, no PIN to be had, or the token refused it: a
                program that is started again by itself must not be, or the token locks.
            SignerUnavailable, SignerBusy: no such token now.
        """
        if token not in self._pins:
            self._give(token, pin())
        try:
            self.call(Reach(token=token))
        except SignerUnavailable as error:
            if token not in self._refused:
                raise
            raise ConfigurationInvalid(
                key="pin", message=error.message, next_step=error.next_step
            ) from None

    def call(self, request: Request[T], *, seconds: float = START_SECONDS) -> T:
        """Do something at a token and wait for it; for start-up and ceremonies.

        Raises:
            ConfigurationInvalid: no PKCS#11 module, or the key that is asked for is missing.
            EnvironmentMissing: python-pkcs11 is not installed.
            SignerUnavailable, SignerBusy: the token is gone, or takes longer than ``seconds``.
        """
        answer = self._asked(encoded(request), seconds)
        if isinstance(answer.error, KeyMissing):
            subject = str(request.key) if isinstance(request, OfKey) else request.token
            raise key_missing(subject, str(answer.error))
        return _outcome(answer, request)

    async def sign(self, key: KeyName, operation: Operation) -> bytes:
        """One signature; a caller that is cancelled before its turn causes none.

        Raises:
            SignerUnavailable: the token is gone, or the module has stopped answering.
        """
        request = Sign(key=key, operation=operation)
        done = OnLoop()
        self._caller.submit(encoded(request), self._answer_seconds, done)
        answer = await done.future
        if isinstance(answer.error, KeyMissing):
            self.statistics.errors["KeyMissing"] += 1
            raise SignerUnavailable(
                message=f"key {key} is not in its token any more", next_step="look into the token"
            )
        signature = _outcome(answer, request)
        self.statistics.signatures += 1
        return signature

    def _give(self, token: str, pin: Pin) -> None:
        """Use this PIN from now on; one that the token refused already is not given again."""
        refused = self._refused.get(token)
        if refused is not None and refused.same_as(pin):
            return
        given = encoded(GivePin(token=token, pin=pin.reveal(), again=False))
        answer = self._asked(given, START_SECONDS)
        if answer.error is not None:
            raise answer.error
        self._refused.pop(token, None)
        self._pins[token] = pin

    def _asked(self, line: bytes, seconds: float) -> Answer:
        future: Future[Answer] = Future()
        self._caller.submit(line, seconds, future)
        try:
            return future.result(seconds)
        except (TimeoutError, CancelledError):
            future.cancel()
            raise SignerBusy(
                message=f"PKCS#11 module {self.name} did not answer within {seconds:.0f} s",
                next_step="look at the HSM",
            ) from None

    def _greeting(self) -> Iterator[bytes]:
        for token, pin in tuple(self._pins.items()):
            yield encoded(GivePin(token=token, pin=pin.reveal(), again=True))

    def _seen(self, answer: Answer) -> None:
        """On the caller's thread, before anyone has the answer."""
        for event in answer.events:
            self._count(event)

    def _count(self, event: Event) -> None:
        if event.name == "login":
            self.statistics.logins += 1
        elif event.name == "restart":
            self.statistics.restarts += 1
        else:
            self.statistics.errors[event.name] += 1
        if event.name == "PinRefused" and event.token in self._pins:
            self._refused[event.token] = self._pins.pop(event.token)
        level, text = _SAID[event.name]
        about = {"library": self.name, "token": event.token, "fault": event.fault}
        _LOG.log(level, text, extra={name: value for name, value in about.items() if value})

    def _was_lost(self, how: Loss) -> None:
        """On the caller's thread."""
        self.statistics.errors[how.value] += 1
        extra = {"library": self.name, "fault": how.value}
        _LOG.error("the process of a PKCS#11 module was lost", extra=extra)


def find_key(module: Pkcs11Module, key: KeyName) -> FoundKey:
    """A key that can sign, and what its token can do.

    Raises:
        ConfigurationInvalid: no such key, or several.
        SignerUnavailable, SignerBusy: as `Pkcs11Module.call`.
    """
    return module.call(Find(key=key))


def key_missing(subject: str, why: str) -> ConfigurationInvalid:
    """A key that the configuration names and the token does not have."""
    return ConfigurationInvalid(
        key="key_id",
        message=f"key {subject} cannot be used: {why}",
        next_step="compare token, key_id and label with the inventory of the key ceremony",
    )


def _outcome(answer: Answer, request: Request[T]) -> T:
    if answer.error is not None:
        raise answer.error
    if not isinstance(answer.outcome, request.gives):
        raise SignerUnavailable(message="the process of a PKCS#11 module gave another answer")
    return answer.outcome
