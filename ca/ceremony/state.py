"""What a transcript so far says has happened: where a run goes on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ca.ceremony.transcript import Kind, Line


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """A file that was made: its name in the ceremony's folder, and its SHA-256."""

    name: str
    role: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The outcome of the lines, in order."""

    lines: Sequence[Line]

    def of(self, kind: str) -> tuple[Line, ...]:
        """Every line of this kind."""
        return tuple(line for line in self.lines if line.kind == kind)

    def last(self, kind: str) -> Mapping[str, Any] | None:
        """The data of the last line of this kind."""
        found = self.of(kind)
        return found[-1].data if found else None

    @property
    def done(self) -> tuple[str, ...]:
        """The steps that were finished, in order."""
        return tuple(line.data["step"] for line in self.of(Kind.DONE))

    @property
    def files(self) -> tuple[MadeFile, ...]:
        """All that was made."""
        return tuple(made_files(self.lines))

    @property
    def end(self) -> Line | None:
        """The line that the witnesses sign."""
        found = self.of(Kind.END)
        return found[0] if found else None

    @property
    def witnesses(self) -> tuple[str, ...]:
        """Who is present and will sign."""
        present = self.last(Kind.PRESENT)
        return () if present is None else tuple(present["witnesses"])

    @property
    def signed(self) -> tuple[str, ...]:
        """The witnesses that have signed."""
        return tuple(line.data["witness"] for line in self.of(Kind.SIGNATURE))

    @property
    def complete(self) -> bool:
        """Whether every witness present has signed."""
        return self.end is not None and set(self.signed) == set(self.witnesses)

    def file(self, role: str) -> MadeFile | None:
        """The file of this role, if it was made."""
        return next((each for each in self.files if each.role == role), None)

    @property
    def key_open(self) -> Mapping[str, Any] | None:
        """A key that a token was asked for, when nothing says that it was made or removed."""
        for line in reversed(self.lines):
            if line.kind in {Kind.MADE, Kind.ABANDONED} and "label" in line.data:
                return None
            if line.kind == Kind.INTENDED and "label" in line.data and "destroy" not in line.data:
                return line.data
        return None


def made_files(lines: Iterable[Line]) -> Iterable[MadeFile]:
    """The files that ``made`` lines name."""
    for line in lines:
        if line.kind == Kind.MADE:
            for each in line.data["files"]:
                yield MadeFile(name=each["name"], role=each["role"], sha256=each["sha256"])
