"""What an examination finds."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

from server.report import DONE, FINDING, Report

Level = Literal["ok", "warning", "problem"]
_SIGNS: Final[dict[Level, str]] = {"ok": "ok     ", "warning": "warning", "problem": "PROBLEM"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; ``next_step`` says what to do unless it is ok."""

    about: str
    level: Level
    text: str
    next_step: str = ""


def ok(about: str, text: str) -> Finding:
    """All is well."""
    return Finding(about=about, level="ok", text=text)


def warning(about: str, text: str, next_step: str) -> Finding:
    """It works, and should be looked at."""
    return Finding(about=about, level="warning", text=text, next_step=next_step)


def problem(about: str, text: str, next_step: str) -> Finding:
    """It does not work, or must not stay so."""
    return Finding(about=about, level="problem", text=text, next_step=next_step)


def report(findings: Sequence[Finding], heading: str) -> Report:
    """All findings; a problem makes the exit code 1."""
    worst = any(each.level == "problem" for each in findings)
    return Report(
        result={"findings": [asdict(each) for each in findings]},
        lines=[heading, *_lines(findings)],
        code=FINDING if worst else DONE,
    )


def _lines(findings: Iterable[Finding]) -> Iterable[str]:
    for each in findings:
        yield f"  {_SIGNS[each.level]}  {each.about:<14} {each.text}"
        if each.next_step:
            yield f"  {'':7}  {'':<14} next: {each.next_step}"
