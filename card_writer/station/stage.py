"""What the page shows now, and who waits for its answer."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from card_writer.programs.words import Language, Text
from pki.ports import happens

Words = Callable[[Language], str]
Kind = Literal["start", "ask", "work", "done", "failed"]
STEPS: Final = (
    Text("UZI-pas", "UZI pass"),
    Text("Nieuwe kaart", "New card"),
    Text("Pincode en PUK-code", "PIN and PUK"),
    Text("Certificaat", "Certificate"),
    Text("Klaar", "Ready"),
)


def said(text: Text, **filled: object) -> Words:
    """A sentence that is filled in, and not yet in a language."""
    return lambda language: text.say(language, **filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something to be typed; ``hidden`` for what nobody may see, ``digits`` for a number pad."""

    name: str
    label: Words
    hidden: bool = True
    digits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One thing said or asked. ``message`` is what was wrong with the answer before."""

    kind: Kind
    title: Words
    text: Words | None = None
    message: Words | None = None
    entries: tuple[Entry, ...] = ()
    buttons: tuple[tuple[str, Words], ...] = ()
    picture: str = "card"
    code: Words | None = field(default=None, repr=False)
    """Shown large, to be written down."""

    def view(self, language: Language) -> dict[str, Any]:
        """As the page gets it."""
        texts = {"title": self.title, "text": self.text, "message": self.message, "code": self.code}
        said = {name: None if text is None else text(language) for name, text in texts.items()}
        return said | {
            "kind": self.kind,
            "picture": self.picture,
            "buttons": [{"name": name, "label": text(language)} for name, text in self.buttons],
            "entries": [
                {
                    "name": each.name,
                    "label": each.label(language),
                    "hidden": each.hidden,
                    "digits": each.digits,
                }
                for each in self.entries
            ],
        }


class Stage:
    """Shows one screen at a time; every change has a number, so that no answer comes too late."""

    def __init__(self) -> None:
        self.version = 0
        self.asked = 0
        self.step: int | None = None
        self.readers: tuple[Words, ...] = ()
        self._screen: Screen | None = None
        self._answer: asyncio.Future[Mapping[str, str]] | None = None
        self._changed = asyncio.Event()

    def show(self, screen: Screen) -> None:
        """Say something; nothing is waited for."""
        self._screen, self._answer = screen, None
        self._tell()

    async def ask(self, screen: Screen) -> Mapping[str, str]:
        """Show a question until it is answered: what was typed, and ``button``."""
        self._screen = screen
        self._answer = asyncio.get_running_loop().create_future()
        self._tell()
        try:
            return await self._answer
        finally:
            self._answer = None

    def set_readers(self, readers: tuple[Words, ...]) -> None:
        """What lies in the readers, as it is known now; equal ones change nothing."""
        if readers != self.readers:
            self.readers = readers
            self._tell(answerable=True)

    def set_step(self, step: int | None) -> None:
        """Which of `STEPS` is under way."""
        self.step = step

    def answer(self, question: int, values: Mapping[str, str]) -> bool:
        """Hand an answer in; false when another question is asked by now, or none."""
        waiting = self._answer
        if waiting is None or waiting.done() or question != self.asked:
            return False
        waiting.set_result(values)
        return True

    def view(self, language: Language) -> dict[str, Any]:
        """All that the page shows."""
        return {
            "version": self.version,
            "question": self.asked,
            "screen": None if self._screen is None else self._screen.view(language),
            "readers": [each(language) for each in self.readers],
            "step": self.step,
            "steps": [text.say(language) for text in STEPS],
        }

    async def changed(self, after: int, seconds: float) -> None:
        """Wait until there is something newer than ``after``, or for so many seconds."""
        if self.version > after:
            return
        await happens(self._changed, seconds)

    def _tell(self, *, answerable: bool = False) -> None:
        self.version += 1
        if not answerable:
            self.asked = self.version
        self._changed.set()
        self._changed = asyncio.Event()
