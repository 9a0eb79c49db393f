"""What an examination finds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Literal

from server.report import DONE, FINDING, Report

Level = Literal["ok", "warning", "problem"]
_SIGNS: Final[dict[Level, str]] = {"ok": "ok     ", "warning": "warning", "problem": "PROBLEM"}


BACKUP: Final = "docs/backup.md"
"""Of what only a drill looks at."""

_DOCTOR: Final = "docs/operations.md#what-zorgid-doctor-looks-at"
RUNBOOKS: Final[Mapping[str, str]] = {
    "configuration": _DOCTOR,
    "keys": "docs/keys.md",
    "evidence": "docs/status.md#what-held-at-a-time-in-the-past",
    "chain": "docs/operations.md#a-new-generation-of-the-token-ca",
    "generations": "docs/operations.md#a-new-generation-of-the-token-ca",
    "profiles": "docs/profiles.md",
    "journal": "docs/journal.md#commands",
    "store": "docs/operations.md#when-something-is-wrong",
    "checkpoints": "docs/journal.md#checkpoints",
    "checkpoint": "docs/journal.md#checkpoints",
    "LDAP": "docs/ldap.md",
    "restore": "docs/backup.md#restoring-the-runbook",
    "backup": "docs/backup.md#is-there-a-backup",
    "CRL sinks": "docs/operations.md#crls-in-a-folder-and-in-a-bucket",
    "CRL sink": "docs/operations.md#crls-in-a-folder-and-in-a-bucket",
    "notices": "docs/notices.md#by-e-mail",
    "clock": _DOCTOR,
    "entropy": _DOCTOR,
    "disk": _DOCTOR,
    "certificates": _DOCTOR,
    "database": _DOCTOR,
    "nodes": _DOCTOR,
    "tasks": "docs/operations.md#on-several-computers",
    "settings": _DOCTOR,
    "UZI register": "docs/operations.md#the-first-organisation-and-the-first-card",
    "trust store": _DOCTOR,
    "OCSP": "docs/operations.md#when-something-is-wrong",
    "CRL": "docs/operations.md#when-something-is-wrong",
    "views": "docs/operations.md#five-views",
}
"""For each subject, what to read; a link into the project's documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; ``next_step`` says what to do unless it is ok."""

    about: str
    level: Level
    text: str
    next_step: str = ""

    @property
    def runbook(self) -> str:
        """Where more stands about it; nothing where all is well."""
        return RUNBOOKS.get(self.about, BACKUP) if self.next_step else ""


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
        result={"findings": [asdict(each) | {"runbook": each.runbook} for each in findings]},
        lines=[heading, *_lines(findings)],
        code=FINDING if worst else DONE,
    )


def _lines(findings: Iterable[Finding]) -> Iterable[str]:
    for each in findings:
        yield f"  {_SIGNS[each.level]}  {each.about:<14} {each.text}"
        if each.next_step:
            yield f"  {'':7}  {'':<14} next: {each.next_step} [{each.runbook}]"
