"""Tells the story on a stream: chapters, sentences, commands, what tools said, and figures."""

import os
import shlex
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, TextIO

from pki.domain.errors import ZorgidError
from server.demo.telling.texts import Texts

_INDENT: Final = "   "
_WIDEST: Final = 100
_NARROWEST: Final = 50
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


@dataclass(kw_only=True, eq=False)
class DemoFailed(ZorgidError):
    """A step did not come out as it should; ``step`` is its number and title."""

    code: ClassVar[str] = "demo-failed"
    step: str
    expected: str
    seen: str


def columns(text: str) -> int:
    """How many columns a terminal gives to a text: combining marks take none."""
    return sum(not unicodedata.combining(letter) for letter in text)


def command_lines(words: Sequence[str], width: int) -> list[str]:
    """A command as a shell takes it, broken where it is too long for one line.

    An option and the word after it stay together.
    """
    lines, line = [], ""
    for piece in _pieces([shlex.quote(each) for each in words]):
        if line and columns(line) + columns(piece) + 3 > width:
            lines.append(f"{line} \\")
            line = f"    {piece}"
        else:
            line = f"{line} {piece}" if line else piece
    return [*lines, line]


def _pieces(words: Sequence[str]) -> list[str]:
    pieces: list[str] = []
    for place, word in enumerate(words):
        if place and words[place - 1].startswith("-") and not word.startswith("-"):
            pieces[-1] += f" {word}"
        else:
            pieces.append(word)
    return pieces


def table_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of text as aligned columns: the first to the left, the others to the right."""
    widths = [max(columns(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0] + " " * (widths[0] - columns(row[0]))]
        for cell, width in zip(row[1:], widths[1:], strict=True):
            cells.append(" " * (width - columns(cell)) + cell)
        lines.append("   ".join(cells).rstrip())
    return lines


@dataclass(slots=True)
class Narrator:
    """Writes to ``stream`` in the language of ``texts``; remembers which step is being told."""

    stream: TextIO
    texts: Texts
    width: int = 80
    is_terminal: bool = False
    current: str = ""
    steps: list[str] = field(default_factory=list)

    @classmethod
    def on(cls, stream: TextIO, texts: Texts, terminal_columns: int) -> "Narrator":
        """Write to a stream, as wide as the terminal is, within reason."""
        is_terminal = stream.isatty() and "NO_COLOR" not in os.environ
        width = max(_NARROWEST, min(terminal_columns, _WIDEST))
        return cls(stream=stream, texts=texts, width=width, is_terminal=is_terminal)

    def title(self, key: str, **values: object) -> None:
        """The title of the whole story."""
        text = self.texts(key, **values)
        self._write(self._bold(text), "=" * columns(text))

    def step(self, number: int, key: str, **values: object) -> None:
        """Begin a step."""
        self.current = f"{number}. {self.texts(key, **values)}"
        self.steps.append(self.current)
        self._write("", self._bold(self.current))

    def say(self, key: str, **values: object) -> None:
        """A sentence or more, wrapped."""
        self._wrapped(self.texts(key, **values), _INDENT)

    def good(self, key: str, **values: object) -> None:
        """Something that was shown to be so."""
        self._wrapped(self.texts(key, **values), f"{_INDENT}{self._mark()} ")

    def failure(self, failed: DemoFailed) -> None:
        """The step that did not come out as it should."""
        self._write("", self._bold(self.texts("failed", step=failed.step)))
        self._wrapped(self.texts("expected", what=failed.expected), _INDENT)
        self._wrapped(self.texts("seen", what=failed.seen), _INDENT)

    def quote(self, text: str) -> None:
        """The exact words of another, on one line, so that they can be searched for."""
        self.output([text])

    def command(self, words: Sequence[str]) -> None:
        """A command that the reader can repeat."""
        first, *rest = command_lines(words, self.width - len(_INDENT) - 2)
        self._write(f"{_INDENT}$ {first}", *(f"{_INDENT}  {line}" for line in rest))

    def output(self, lines: Sequence[str]) -> None:
        """What a tool said."""
        self._write(*(f"{_INDENT}  | {line.rstrip().expandtabs(4)}" for line in lines))

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Figures under each other."""
        self._write(*(f"{_INDENT}{line}" for line in table_lines(rows)))

    def places(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and what they stand for, one a line."""
        width = max(columns(name) for name, _ in rows)
        self._write(*(f"{_INDENT}{name}{' ' * (width - columns(name))}  {v}" for name, v in rows))

    def expect(self, ok: bool, *, expected: str, seen: str) -> None:  # noqa: FBT001 -- reads as a sentence
        """Go on only when what was shown is what should be.

        Raises:
            DemoFailed: it is not; names the step, what was expected and what was seen.
        """
        if not ok:
            raise self.failed(expected, seen)

    def failed(self, expected: str, seen: str) -> DemoFailed:
        """The error that names the present step."""
        return DemoFailed(
            step=self.current,
            expected=expected,
            seen=seen,
            message=f"step {self.current}: expected {expected}; seen: {seen}",
            next_step="read server.log in the demo's folder (--dir keeps it), then run it again",
        )

    def _wrapped(self, text: str, lead: str) -> None:
        lines = textwrap.wrap(
            text,
            self.width,
            initial_indent=lead,
            subsequent_indent=" " * columns(lead),
            break_on_hyphens=False,
        )
        self._write(*lines)

    def _mark(self) -> str:
        return "✓" if (self.stream.encoding or "").lower().startswith("utf") else "ok"

    def _bold(self, text: str) -> str:
        return f"{_BOLD}{text}{_PLAIN}" if self.is_terminal else text

    def _write(self, *lines: str) -> None:
        encoding = self.stream.encoding or "utf-8"
        text = "".join(f"{line}\n" for line in lines)
        self.stream.write(text.encode(encoding, "replace").decode(encoding))
        self.stream.flush()
