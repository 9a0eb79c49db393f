"""The person at the desk, by prompts. What is secret is typed without being shown."""

import getpass
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from card_writer.card_edge import PinCharacters, SecretKind, WrongSecret
from card_writer.flow.pins import PinFault
from card_writer.flow.steps.base import Step
from card_writer.flow.stopped import Stopped
from card_writer.programs import words
from card_writer.programs.sentences import sentence_of
from card_writer.programs.words import Language, Text
from card_writer.readers.recognition import CardKind
from card_writer.secret import Secret
from pki.api.wire import HolderView
from pki.domain.errors import Malformed, ZorgidError
from pki.domain.identifiers import CardNumber
from pki.domain.people import BirthDate


class Terminal(Protocol):
    """Where lines are read and written."""

    def ask(self, prompt: str) -> str:
        """A line that is seen while it is typed.

        Raises:
            EOFError: nobody answers.
        """
        ...

    def ask_hidden(self, prompt: str) -> str:
        """A line that is not seen.

        Raises:
            EOFError: nobody answers.
        """
        ...

    def say(self, text: str) -> None:
        """Write a line."""
        ...


class Console:
    """The terminal this program was started from; all of it on standard error."""

    def ask(self, prompt: str) -> str:
        """A line of standard input."""
        sys.stderr.write(prompt)
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.strip()

    def ask_hidden(self, prompt: str) -> str:
        """A line of the terminal, unseen; never of a pipe, where it would have been written."""
        if not sys.stdin.isatty():
            raise EOFError
        return getpass.getpass(prompt, sys.stderr)

    def say(self, text: str) -> None:
        """A line of standard error."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """Asks in one language. ``lies_there`` says whether a kind of card is known to be in place."""

    terminal: Terminal
    language: Language
    lies_there: Callable[[CardKind], bool] = lambda _: False

    async def put_in(self, kind: CardKind, *, again: bool) -> None:
        """Say which card, and wait for Enter."""
        if not again and self.lies_there(kind):
            return
        text = words.PUT_IN_AGAIN if again else words.PUT_IN[kind]
        self._ask(f"{self._text(text)} {self._text(words.PRESS_ENTER)} ")

    async def pass_pin(self, tries_left: int | None, refused: WrongSecret | None) -> Secret:
        """The PIN, unseen."""
        if refused is not None:
            self.terminal.say(sentence_of(refused, self.language))
        return self._secret(words.PASS_PIN, tries_left)

    async def last_try(self, which: SecretKind, kind: CardKind) -> bool:
        """Which card, which secret; yes or no."""
        name = words.KEPT_BY[kind][which].say(self.language)
        return self._agreed(words.LAST_TRY.say(self.language, which=name))

    async def birth_date(self, holder: HolderView) -> BirthDate:
        """Who the server sees; then a date as people here write it."""
        told = words.HOLDER.say(
            self.language, name=holder.common_name, organisation=holder.organisation
        )
        self.terminal.say(told)
        while True:
            try:
                return read_date(self._ask(f"{self._text(words.BIRTH_DATE)}: "))
            except Malformed:
                self.terminal.say(self._text(words.BAD_DATE))

    async def card_number(self) -> CardNumber:
        """As it stands on the card."""
        while True:
            try:
                return CardNumber(self._ask(f"{self._text(words.CARD_NUMBER)}: ").upper())
            except Malformed:
                self.terminal.say(self._text(words.BAD_NUMBER))

    async def choose_pin(self, characters: PinCharacters, fault: PinFault | None) -> Secret:
        """Twice, unseen."""
        if fault is not None:
            self.terminal.say(self._text(words.PIN_FAULTS[fault]))
        while True:
            pin = self._secret(words.CHOOSE_PIN[characters], None)
            with self._secret(words.PIN_AGAIN, None) as again:
                if pin.same_as(again):
                    return pin
            pin.wipe()
            self.terminal.say(self._text(words.PINS_DIFFER))

    async def note_puk(self, puk: Secret, *, mistaken: bool) -> Secret:
        """Shown once; then its end, typed."""
        if mistaken:
            self.terminal.say(self._text(words.PUK_MISTAKEN))
        shown = puk.reveal().decode("ascii")
        self.terminal.say(words.NOTE_PUK.say(self.language, puk=f"{shown[:4]} {shown[4:]}"))
        return self._puk(words.PUK_END, None)

    async def recall(self, refused: WrongSecret | None) -> tuple[Secret, Secret]:
        """Both, unseen."""
        told = self._text(words.RECALL) if refused is None else sentence_of(refused, self.language)
        self.terminal.say(told)
        pin = self._secret(words.CARD_SECRET[SecretKind.PIN], None)
        return pin, self._puk(words.CARD_SECRET[SecretKind.PUK], None)

    async def card_secret(self, which: SecretKind, tries_left: int | None) -> Secret:
        """Unseen."""
        ask = self._secret if which is SecretKind.PIN else self._puk
        return ask(words.CARD_SECRET[which], tries_left)

    async def go_on(self, error: ZorgidError) -> bool:
        """What happened; yes or no."""
        return self._agreed(f"{sentence_of(error, self.language)} {self._text(words.GO_ON)}")

    def doing(self, step: Step[Any]) -> None:
        """One line for what may take a while, or waits for somebody at the reader."""
        told = words.announced(step)
        if told is not None:
            self.terminal.say(told(self.language))

    def _text(self, text: Text) -> str:
        return text.say(self.language)

    def _agreed(self, question: str) -> bool:
        answer = self._ask(f"{question} [{self._text(words.YES_NO)}] ")
        return answer[:1].lower() in {"j", "y"}

    def _ask(self, prompt: str) -> str:
        try:
            return self.terminal.ask(prompt)
        except EOFError:
            raise _nobody() from None

    def _puk(self, text: Text, tries_left: int | None) -> Secret:
        with self._secret(text, tries_left) as typed:
            return _without_spaces(typed)

    def _secret(self, text: Text, tries_left: int | None) -> Secret:
        left = "" if tries_left is None else words.TRIES_LEFT.say(self.language, left=tries_left)
        try:
            typed = self.terminal.ask_hidden(f"{self._text(text)}{left}: ")
        except EOFError:
            raise _nobody() from None
        return Secret(bytearray(typed.encode()))


def _without_spaces(typed: Secret) -> Secret:
    """A PUK is shown in two groups."""
    return Secret(bytearray(each for each in typed.reveal() if each != 0x20))  # noqa: PLR2004 -- space


def read_date(text: str) -> BirthDate:
    """Read ``dd-mm-yyyy`` or ``yyyy-mm-dd``.

    Raises:
        Malformed: another form, or no such day.
    """
    for form in ("%d-%m-%Y", "%Y-%m-%d"):
        try:
            return BirthDate(datetime.strptime(text.strip(), form).date())  # noqa: DTZ007 -- a day
        except ValueError:
            continue
    raise Malformed(what="birth date", message="not a date of the form dd-mm-yyyy")


def _nobody() -> Stopped:
    return Stopped(
        message="nobody answers at this terminal", next_step="start it where somebody can type"
    )
