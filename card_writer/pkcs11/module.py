"""A PKCS#11 module in a process of its own, with a limit to how long it may take."""

import logging
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple, Self

from card_writer.card_edge import CardGone
from card_writer.pkcs11 import frames
from card_writer.pkcs11.refusals import refused
from card_writer.secret import Secret
from pki.domain.errors import ConfigurationInvalid

_LOG: Final = logging.getLogger(__name__)
ANSWER_SECONDS: Final = 180.0
"""Old cards search a minute and more for the primes of an RSA key."""
_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 5.0
if sys.platform == "win32":
    _FLAGS: Final = subprocess.CREATE_NO_WINDOW
else:
    _FLAGS: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInfo:
    """A token in a slot; ``flags`` are those of CK_TOKEN_INFO (PKCS#11 2.40, 3.2)."""

    slot: int
    reader: str
    label: str
    serial: str
    flags: int

    @property
    def initialised(self) -> bool:
        """Whether it was ever given a label and an SO PIN."""
        return bool(self.flags & 0x400)

    @property
    def has_pin(self) -> bool:
        """Whether a user's PIN was set."""
        return bool(self.flags & 0x8)

    @property
    def pin_pad(self) -> bool:
        """Whether the PIN is typed at the reader, and not here."""
        return bool(self.flags & 0x100)

    @property
    def pin_tries(self) -> int | None:
        """0 when blocked, 1 when the next mistake blocks it, else unknown."""
        return _tries(self.flags, locked=0x40000, final=0x20000)

    @property
    def puk_tries(self) -> int | None:
        """The same of the security officer's PIN."""
        return _tries(self.flags, locked=0x400000, final=0x200000)


class Answer(NamedTuple):
    """What a call gave."""

    value: Any
    parts: list[bytes]


class Module:
    """One loaded module; used by one thread at a time. `close` ends its process."""

    def __init__(self, path: Path, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        """Load it.

        Raises:
            ConfigurationInvalid: it is no PKCS#11 module, or it does not start.
        """
        self._path = path
        self._seconds = answer_seconds
        self._answers: SimpleQueue[tuple[frames.Head, list[bytearray]] | None] = SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "card_writer.pkcs11.child", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            creationflags=_FLAGS,
        )
        self._listener = threading.Thread(target=self._listen, name="pkcs11 answers", daemon=True)
        self._listener.start()
        head, _ = self._next(_START_SECONDS) or ({}, [])
        if "ok" not in head:
            self.close()
            raise ConfigurationInvalid(
                key="module",
                message=f"{path} cannot be used as a PKCS#11 module: {head.get('why', 'it ended')}",
                next_step="name the shared library that came with the card's middleware",
            )

    def call(self, name: str, *parts: Secret | bytes, **fields: Any) -> Answer:  # noqa: ANN401 -- JSON
        """Have something done.

        Raises:
            CardGone: the module hangs or is gone; whether the card acted is not known.
            CardRefused, PinNeeded: as the module says.
        """
        try:
            octets = [part.reveal() if isinstance(part, Secret) else part for part in parts]
            frames.write(self._input, {"call": name, **fields}, octets)
        except (OSError, ValueError):
            raise self._lost("is not there any more") from None
        answer = self._next(self._seconds)
        if answer is None:
            raise self._lost("hangs or ended")
        head, given = answer
        if "ok" not in head:
            raise refused(str(head.get("error")), doing=name)
        return Answer(head["ok"], [bytes(part) for part in given])

    @property
    def process_id(self) -> int:
        """Of the process that the module runs in."""
        return self._process.pid

    def tokens(self) -> tuple[TokenInfo, ...]:
        """The tokens that are in."""
        return tuple(TokenInfo(**each) for each in self.call("slots").value)

    def close(self) -> None:
        """End the process; repeated, nothing happens."""
        self._input.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(_END_SECONDS)
        if not self._listener.is_alive():
            self._output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _input(self) -> Any:  # noqa: ANN401 -- a raw stream, as subprocess types it
        return self._process.stdin

    @property
    def _output(self) -> Any:  # noqa: ANN401 -- as `_input`
        return self._process.stdout

    def _next(self, seconds: float) -> tuple[frames.Head, list[bytearray]] | None:
        try:
            return self._answers.get(timeout=seconds)
        except Empty:
            return None

    def _listen(self) -> None:
        try:
            while True:
                self._answers.put(frames.read(self._output))
        except (frames.BrokenFrame, OSError, ValueError):
            self._answers.put(None)

    def _lost(self, what: str) -> CardGone:
        self._process.kill()
        _LOG.warning("a PKCS#11 module was lost", extra={"pkcs11_module": self._path.name})
        return CardGone(
            message=f"the module {self._path.name} {what}",
            next_step="put the card in again and repeat: what was done is found on the card",
            outcome_unknown=True,
        )


def _tries(flags: int, *, locked: int, final: int) -> int | None:
    if flags & locked:
        return 0
    return 1 if flags & final else None
