"""One card held by one thread: whoever uses it, PC/SC meets a single caller."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Final, NamedTuple, Protocol, Self, TypeVar

from card_writer.card_edge import CardGone

Result = TypeVar("Result")
ANSWER_SECONDS: Final = 180.0
"""How long a card may take: old ones search a minute and more for the primes of an RSA key."""
_CLOSE_SECONDS: Final = 5.0


class Line(Protocol):
    """A connection with a card, used by the thread that made it."""

    def transmit(self, apdu: bytearray) -> bytes:
        """The answer to one APDU."""
        ...

    def features(self) -> bytes | None:
        """What the reader tells of its features, if it does."""
        ...

    def control(self, code: int, data: bytes) -> bytes | None:
        """The reader's answer to a control code."""
        ...

    def reset(self) -> None:
        """Reset the card."""
        ...

    def close(self) -> None:
        """Let the card go."""
        ...


class _Job(NamedTuple):
    future: Future[object]
    work: Callable[[], object]


class HeldCard:
    """A card that this program alone talks to, from any of its threads; `close` lets it go.

    Its thread is a daemon: a reader that hangs keeps no program from ending.
    """

    def __init__(
        self, connect: Callable[[], Line], *, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        """Connect; an answer that takes longer than ``answer_seconds`` is given up.

        Raises:
            ZorgidError: what ``connect`` raises.
        """
        self._answer_seconds = answer_seconds
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._given_up = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="card", daemon=True)
        self._thread.start()
        try:
            self._line = self._ask(connect)
        except BaseException:
            self._jobs.put(None)
            raise

    @classmethod
    def in_reader(cls, reader: str) -> Self:
        """The card in this reader.

        Raises:
            ReaderBusy: another program holds it.
            CardGone: there is no card, or none that answers.
            Unavailable: no reader of that name, or no reader service.
        """
        from card_writer.readers.connection import Connection  # noqa: PLC0415 -- needs pyscard

        return cls(lambda: Connection.open(reader))

    def transmit(self, apdu: bytearray) -> bytes:
        """The answer to one APDU.

        Raises:
            CardGone: there is none; whether the card acted is not known.
        """
        return self._ask(lambda: self._line.transmit(apdu))

    def features(self) -> bytes | None:
        """What the reader tells of its features; None: it knows no such thing."""
        return self._ask(self._line.features)

    def control(self, code: int, data: bytes) -> bytes | None:
        """The reader's answer to a control code; None: it did not do it.

        Raises:
            CardGone: there is none in time.
        """
        return self._ask(lambda: self._line.control(code, data))

    def reset(self) -> None:
        """Reset the card: no right is left.

        Raises:
            CardGone: it is not there any more, or was exchanged.
        """
        self._ask(self._line.reset)

    def close(self) -> None:
        """Let the card go; repeated, nothing happens."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(_Job(Future(), self._line.close))
        self._jobs.put(None)
        self._thread.join(_CLOSE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, work: Callable[[], Result]) -> Result:
        if self._given_up or self._closed:
            raise _silent("the card was let go", unknown=False)
        future: Future[Result] = Future()
        self._jobs.put(_Job(future, work))  # type: ignore[arg-type] # Future is invariant
        try:
            return future.result(self._answer_seconds)
        except TimeoutError:
            self._given_up = True
            raise _silent("the card does not answer any more", unknown=True) from None

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job.future.set_result(job.work())
            except BaseException as error:  # noqa: BLE001 -- whoever asked gets it
                job.future.set_exception(error)
            # A command may hold a PIN: it does not stay alive until the next one comes.
            del job


def _silent(what: str, *, unknown: bool) -> CardGone:
    return CardGone(
        message=what,
        next_step="take the card out, put it in again and repeat",
        outcome_unknown=unknown,
    )
