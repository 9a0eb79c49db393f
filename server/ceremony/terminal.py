"""The dialogue: what the operators see and type. Secrets are shown apart and wiped afterwards."""

import getpass
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from pki.domain.errors import EnvironmentMissing

YES: Final = "Ja"
NO: Final = "Nee"
STOP: Final = "stop"
REMARK: Final = "remark:"
_PRIVATE_SCREEN: Final = "\x1b[?1049h\x1b[2J\x1b[H"
_LEAVE_SCREEN: Final = "\x1b[2J\x1b[3J\x1b[H\x1b[?1049l"


class Stopped(Exception):
    """Somebody asked to stop; what is not finished is begun again when the run is resumed."""


class Screen(Protocol):
    """Where the dialogue is held."""

    def say(self, text: str = "") -> None:
        """Show a line."""
        ...

    def read(self, prompt: str) -> str:
        """Ask for a line; raises `Stopped` at the end of input or an interrupt."""
        ...

    def read_hidden(self, prompt: str) -> str:
        """Ask for a line that is not shown."""
        ...

    def enter_private(self) -> None:
        """Go to a screen that leaves no trace."""
        ...

    def leave_private(self) -> None:
        """Wipe that screen and go back."""
        ...


class TerminalScreen:
    """The terminal that the program was started from."""

    def __init__(self) -> None:
        """Refuse to hold a ceremony without people.

        Raises:
            EnvironmentMissing: input or output is not a terminal.
        """
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise EnvironmentMissing(
                message="a ceremony is held at a terminal",
                next_step="run it without redirecting its input or output",
            )

    def say(self, text: str = "") -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def read(self, prompt: str) -> str:
        sys.stdout.write(f"{prompt} ")
        sys.stdout.flush()
        try:
            line = sys.stdin.readline()
        except KeyboardInterrupt:
            raise Stopped from None
        if not line:
            raise Stopped
        return line.strip()

    def read_hidden(self, prompt: str) -> str:
        try:
            return getpass.getpass(f"{prompt} ")
        except (KeyboardInterrupt, EOFError):
            raise Stopped from None

    def enter_private(self) -> None:
        sys.stdout.write(_PRIVATE_SCREEN)
        sys.stdout.flush()

    def leave_private(self) -> None:
        sys.stdout.write(_LEAVE_SCREEN)
        sys.stdout.flush()


class Dialogue:
    """Questions with rules: exact words, `stop` at any of them, remarks for the record."""

    def __init__(self, screen: Screen, remark: Callable[[str], bool]) -> None:
        self._screen = screen
        self._remark = remark

    def say(self, text: str = "") -> None:
        """Show a line."""
        self._screen.say(text)

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show labelled texts."""
        for name, value in rows:
            self.say(f"    {name:<28} {value}")

    def ask(self, prompt: str) -> str:
        """One line; `stop` stops, `remark: …` goes into the transcript and asks again.

        Raises:
            Stopped: as asked.
        """
        while True:
            line = self._screen.read(prompt)
            if line.lower() == STOP:
                raise Stopped
            if not line.lower().startswith(REMARK):
                return line
            noted = self._remark(line[len(REMARK) :].strip()[:500])
            self.say("    noted" if noted else "    the transcript is closed: write it on paper")

    def ask_hidden(self, prompt: str) -> str:
        """A passphrase or a PIN."""
        return self._screen.read_hidden(prompt)

    def confirm(self, person: str, what: str) -> None:
        """Wait until this person types exactly Ja.

        Raises:
            Stopped: they typed stop.
        """
        while self.ask(f"{person}: {what} Type {YES} or {STOP}:") != YES:
            self.say(f"    only {YES}, with a capital J, is a yes")

    def yes_or_no(self, prompt: str) -> bool:
        """An exact Ja or Nee."""
        while True:
            answer = self.ask(f"{prompt} {YES} or {NO}:")
            if answer in {YES, NO}:
                return answer == YES
            self.say(f"    {YES} or {NO}, please")

    @contextmanager
    def private(self) -> Iterator[None]:
        """A screen for one person's eyes, wiped at the end whatever happens."""
        self._screen.enter_private()
        try:
            yield
        finally:
            self._screen.leave_private()

    def ask_private(self, prompt: str) -> str:
        """A line on the private screen: nothing of it can become a remark.

        Raises:
            Stopped: the line is `stop`.
        """
        line = self._screen.read(prompt)
        if line.lower() == STOP:
            raise Stopped
        return line
