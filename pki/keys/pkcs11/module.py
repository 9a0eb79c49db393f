"""A PKCS#11 module in this process: its thread, its log-ins, and what is counted of them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Final, TypeVar

from pki.domain.errors import ConfigurationInvalid, SignerBusy, SignerUnavailable
from pki.keys.pin import Pin, PinSource
from pki.keys.pkcs11.link import Statistics, TokenLink, key_missing
from pki.keys.pkcs11.ports import Fault, KeyMissing, KeyName, Library, Operation, TokenSession
from pki.keys.pkcs11.worker import Worker

T = TypeVar("T")

START_SECONDS: Final = 30.0
"""For loading the module, logging in and finding a key, when nobody else waits yet."""


class Pkcs11Module:
    """All calls into one module, from any thread or event loop, through one thread.

    ``answer_seconds`` is how long a call may run before everything else is refused at once: a
    module that hangs collects no work. What it answers later is dropped.
    """

    def __init__(self, name: str, load: Callable[[], Library], *, answer_seconds: float) -> None:
        """Start the thread; ``load`` is called there, once, when the module is first needed."""
        self.name = name
        self.statistics = Statistics()
        self._load = load
        self._answer_seconds = answer_seconds
        self._worker = Worker(name)
        # Both belong to the worker thread.
        self._library: Library | None = None
        self._links: dict[str, TokenLink] = {}

    @property
    def pending(self) -> int:
        """How many calls run or wait now."""
        return self._worker.waiting + (1 if self._worker.busy_seconds() else 0)

    def log_in(self, token: str, pin: PinSource) -> None:
        """See to it that this token can be used; ``pin`` is asked only when none is held.

        Raises:
            ConfigurationInvalid: no PKCS#11 module, no PIN to be had, or the token refused it: a
                program that is started again by itself must not be, or the token locks.
            SignerUnavailable, SignerBusy: no such token now.
        """

        def ready() -> None:
            link = self._link(token)
            if link.needs_pin():
                link.give_pin(pin())
            try:
                link.use(lambda session: session.mechanisms())
            except SignerUnavailable as error:
                if not link.refused:
                    raise
                raise ConfigurationInvalid(
                    key="pin", message=error.message, next_step=error.next_step
                ) from None

        self._wait_for(self._submit(ready), START_SECONDS)

    def give_pin(self, token: str, pin: Pin) -> None:
        """Take another PIN after a refused one; the refused one itself is not taken again."""
        self._wait_for(self._submit(lambda: self._link(token).give_pin(pin)), START_SECONDS)

    def call(
        self, token: str, work: Callable[[TokenSession], T], *, seconds: float = START_SECONDS
    ) -> T:
        """Do something at a token and wait for it; for start-up and ceremonies.

        Raises:
            ConfigurationInvalid: the key that is asked for is missing.
            SignerUnavailable, SignerBusy: the token is gone, or takes longer than ``seconds``.
        """
        return self._wait_for(self._submit(lambda: self._link(token).use(work)), seconds)

    async def sign(self, key: KeyName, operation: Operation) -> bytes:
        """One signature; a caller that is cancelled before its turn causes none.

        Raises:
            SignerUnavailable: the token is gone, or the module has stopped answering.
        """
        future = self._submit(lambda: self._link(key.token).sign(key, operation))
        return await asyncio.wrap_future(future)

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        if self._worker.busy_seconds() > self._answer_seconds:
            self.statistics.errors["Hanging"] += 1
            raise SignerUnavailable(
                message=f"PKCS#11 module {self.name} does not answer",
                next_step="look at the HSM; if it stays so, start this program again",
            )
        return self._worker.submit(work)

    def _wait_for(self, future: Future[T], seconds: float) -> T:
        if self._worker.is_current():
            raise RuntimeError("the module's own thread would wait for itself")
        try:
            return future.result(seconds)
        except (TimeoutError, CancelledError):
            future.cancel()
            raise SignerBusy(
                message=f"PKCS#11 module {self.name} did not answer within {seconds:.0f} s",
                next_step="look at the HSM",
            ) from None
        except KeyMissing as missing:
            raise ConfigurationInvalid(
                key="key", message=f"{self.name}: {missing}", next_step="look into the token"
            ) from None

    def _link(self, token: str) -> TokenLink:
        """On the worker thread."""
        if self._library is None:
            self._library = self._load()
        link = self._links.get(token)
        if link is None:
            link = self._links[token] = TokenLink(
                token, library=self._library, restart=self._restart, statistics=self.statistics
            )
        return link

    def _restart(self) -> None:
        """On the worker thread."""
        for link in self._links.values():
            link.forget()
        self.statistics.restarts += 1
        if self._library is not None:
            self._library.restart()


def find_key(module: Pkcs11Module, key: KeyName) -> tuple[bytes, frozenset[str]]:
    """The public key (DER SubjectPublicKeyInfo) of a key that can sign, and what its token can do.

    Raises:
        ConfigurationInvalid: no such key, or several.
        SignerUnavailable, SignerBusy: as `Pkcs11Module.call`.
    """

    def look(session: TokenSession) -> tuple[bytes, frozenset[str]] | Fault:
        try:
            session.find(key)
            return session.public_key(key), session.mechanisms()
        except KeyMissing as missing:
            return missing

    found = module.call(key.token, look)
    if isinstance(found, Fault):
        raise key_missing(key, found)
    return found
